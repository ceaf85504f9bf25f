import type { ContainerEngine, EngineInfo } from '../../docker/engine';
import type { Clock } from '../../runtime/clock';
import { describeError, ReasonedError } from '../../runtime/errors';
import type { HostDirectories } from '../volumes/host-directories-port';
import type { RuntimeEntry } from './daemon-json';
import type { DockerFacts, InstallMode, InstallStep } from './decide';
import { decideInstall, decideRemoval } from './decide';
import type { DockerDaemon, DockerDaemons, NodeFile, NodeFiles } from './ports';
import type { NodeScript } from './wrapper-file';
import { keepScript } from './wrapper-file';

/** What the installation acts on. */
export interface InstallDeps {
  readonly mode: InstallMode;
  readonly entry: RuntimeEntry;
  /** The wrapper that belongs to this agent, which is at the entry's path, and what it calls, before it. */
  readonly scripts: readonly NodeScript[];
  readonly files: NodeFiles;
  readonly directories: Pick<HostDirectories, 'look'>;
  readonly daemons: DockerDaemons;
  readonly engine: Pick<ContainerEngine, 'info' | 'list' | 'inspect'>;
  /** Whether the Node object says that Docker's configuration is managed by somebody else. */
  readonly isExternal: () => Promise<boolean>;
  readonly clock: Clock;
}

/** Where the installation stands. */
export interface InstallState {
  /** Whether Docker on this node can call the agent's wrapper now. */
  readonly installed: boolean;
  /** Stable CamelCase word. */
  readonly reason: string;
  /** What is so, or what to do. */
  readonly message: string;
}

/** How long after the signal the daemon may take to know what was changed: ms. */
const RELOAD_MS = 15_000;
const LOOK_MS = 200;

/**
 * Brings the node to where it should be, from wherever an earlier life left it. What is refused is part of the answer.
 * @throws ReasonedError when the node or Docker could not be asked, or a file not be written
 */
export async function settleInstallation(deps: InstallDeps): Promise<InstallState> {
  if (deps.mode === 'remove') return remove(deps);
  // One after the other: a wrapper never finds an older script beside it than the one it belongs to.
  for (const script of deps.scripts) await keepScript(script, deps);
  const registered = await registeredPath(deps);
  if (registered === deps.entry.path) return registeredState(deps.entry);
  if (deps.mode === 'manual') {
    return {
      installed: false,
      reason: 'RestoreRuntimeMissing',
      message: `Docker does not know the wrapper ${deps.entry.path}: its configuration is yours to change (docs/installation.md)`,
    };
  }
  return carryOut(deps, decideInstall, deps.entry.path, registeredState(deps.entry));
}

function registeredState({ name, path }: RuntimeEntry): InstallState {
  return { installed: true, reason: 'Registered', message: `Docker knows ${path} as the runtime "${name}"` };
}

async function remove(deps: InstallDeps): Promise<InstallState> {
  const users = await usersOf(deps);
  if (users.length > 0) return inUse(deps.entry, users);
  const removed = { installed: false, reason: 'Removed', message: 'Docker does not know the runtime wrapper any more' };
  const state = await carryOut(deps, decideRemoval, undefined, removed);
  if (state !== removed) return state;
  for (const { path } of deps.scripts.toReversed()) await deps.files.remove(path);
  return state;
}

function inUse({ path }: RuntimeEntry, users: readonly string[]): InstallState {
  const names = users.slice(0, 10).join(', ') + (users.length > 10 ? ` and ${users.length - 10} more` : '');
  return {
    installed: true,
    reason: 'RuntimeInUse',
    message: `containers of this node use ${path} and could not be started without it: remove or recreate ${names}, then it is taken away`,
  };
}

async function carryOut(
  deps: InstallDeps,
  decide: (facts: DockerFacts, entry: RuntimeEntry) => InstallStep,
  wanted: string | undefined,
  done: InstallState,
): Promise<InstallState> {
  const daemon = await deps.daemons.find();
  const facts = await factsOf(daemon, deps);
  const step = decide(facts, deps.entry);
  switch (step.do) {
    case 'Nothing':
      return done;
    case 'Instruct':
      return {
        installed: (await registeredPath(deps)) === deps.entry.path,
        reason: step.reason,
        message: step.message,
      };
    case 'Reload':
      await reload(daemon, wanted, deps);
      return done;
    case 'Write': {
      const undo = await replaceConfig(daemon, facts.file, step.text, deps);
      try {
        await reload(daemon, wanted, deps);
        // Who came between the look and the removal keeps its runtime.
        const users = wanted === undefined ? await usersOf(deps) : [];
        if (users.length === 0) return done;
        await undo();
        await reload(daemon, deps.entry.path, deps);
        return inUse(deps.entry, users);
      } catch (error) {
        await undo();
        // Whatever it has read of the new one, it reads the old one again; a daemon that is gone does so by itself.
        await deps.daemons.reload(daemon).catch(() => undefined);
        throw error;
      }
    }
  }
}

async function factsOf({ configPath, args }: DockerDaemon, deps: InstallDeps): Promise<DockerFacts> {
  const [file, { runtimes }, isExternal] = await Promise.all([
    deps.files.look(configPath),
    deps.engine.info(),
    deps.isExternal(),
  ]);
  const { name, path } = deps.entry;
  return {
    configPath,
    file,
    isExternal,
    registered: runtimes[name]?.path,
    aliases: namesOf(path, runtimes).filter((other) => other !== name),
    hasRuntimeFlags: args.some((word) => word.startsWith('--add-runtime')),
  };
}

/**
 * Puts a new configuration in place of the old one, which is kept beside it. Nothing is replaced that the daemon would
 * refuse, or that somebody changed meanwhile. Returns what puts the old one back.
 */
async function replaceConfig(
  daemon: DockerDaemon,
  before: NodeFile,
  text: string,
  deps: InstallDeps,
): Promise<() => Promise<void>> {
  const { configPath } = daemon;
  const { files } = deps;
  const backup = `${configPath}.transship-${timestamp(deps.clock.now())}`;
  const there = before.kind === 'regular';
  const beside = await files.writeBeside(configPath, text);
  try {
    await deps.daemons.validate(daemon, beside);
    if (there) await files.copy(configPath, backup);
    if ((await files.look(configPath)).text !== before.text) {
      throw new ReasonedError('DaemonConfigChanged', `${configPath} was changed by somebody just now: will look again`);
    }
    await files.rename(beside, configPath);
  } catch (error) {
    await files.remove(beside);
    await files.remove(backup);
    throw error;
  }
  return () => (there ? files.rename(backup, configPath) : files.remove(configPath));
}

/** `20261123T060102Z` */
function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+|[-:]/g, '');
}

/** @throws ReasonedError RuntimeNotReloaded */
async function reload(daemon: DockerDaemon, wanted: string | undefined, deps: InstallDeps): Promise<void> {
  await deps.daemons.reload(daemon);
  const deadline = deps.clock.monotonic() + RELOAD_MS;
  while ((await registeredPath(deps)) !== wanted) {
    if (deps.clock.monotonic() >= deadline) {
      throw new ReasonedError(
        'RuntimeNotReloaded',
        `Docker was told to read ${daemon.configPath} again and did not ${wanted === undefined ? 'forget' : 'take over'} the ` +
          `runtime "${deps.entry.name}" within ${RELOAD_MS} ms: its log says why`,
      );
    }
    await deps.clock.sleep(LOOK_MS);
  }
}

async function registeredPath({ engine, entry }: InstallDeps): Promise<string | undefined> {
  return (await engine.info()).runtimes[entry.name]?.path;
}

/** The names by which the daemon knows a program as a runtime. */
function namesOf(path: string, runtimes: EngineInfo['runtimes']): string[] {
  return Object.keys(runtimes).filter((name) => runtimes[name]?.path === path);
}

/** The containers that have the wrapper for a runtime, in whatever state. */
async function usersOf({ engine, entry }: InstallDeps): Promise<readonly string[]> {
  const runtimes = [entry.name, ...namesOf(entry.path, (await engine.info()).runtimes)];
  const users: string[] = [];
  for (const { id } of await engine.list()) {
    const container = await engine.inspect(id);
    if (container !== undefined && runtimes.includes(container.runtime)) users.push(container.name);
  }
  return users;
}

/** What stands in the log and, later, in the node's object when the installation fails. */
export function failedState(error: unknown): InstallState {
  const reason = error instanceof ReasonedError ? error.reason : 'InstallFailed';
  return { installed: false, reason, message: describeError(error) };
}
