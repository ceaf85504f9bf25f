import { describeError, ReasonedError } from '../../runtime/errors';
import type { RuntimeEntry } from './daemon-json';
import { withoutRuntime, withRuntime } from './daemon-json';
import type { NodeFile } from './ports';

/**
 * What the agent does about the runtime wrapper on its node:
 * `manual` it keeps the file up to date, and the daemon's configuration is somebody else's; `auto` it enters the wrapper
 * into the configuration as well; `remove` it takes entry and file away once no container uses them.
 */
export const INSTALL_MODES = ['manual', 'auto', 'remove'] as const;
export type InstallMode = (typeof INSTALL_MODES)[number];

/** What there is to know before the daemon's configuration is touched. */
export interface DockerFacts {
  readonly configPath: string;
  readonly file: NodeFile;
  /** The path under which the daemon knows the runtime by now; undefined when it knows none by that name. */
  readonly registered: string | undefined;
  /** Other names under which the daemon knows the same program. */
  readonly aliases: readonly string[];
  /** Whether the daemon was started with `--add-runtime`: it takes no entries of its file besides. */
  readonly hasRuntimeFlags: boolean;
  /** Whether the Node object says that the daemon's configuration is managed by somebody else. */
  readonly isExternal: boolean;
}

/**
 * The next step. `Reload`: the configuration is as it should be, and the daemon has not read it. `Instruct`: nothing is
 * touched, and a person is told what to do.
 */
export type InstallStep =
  | { readonly do: 'Nothing' }
  | { readonly do: 'Reload' }
  | { readonly do: 'Write'; readonly text: string }
  | { readonly do: 'Instruct'; readonly reason: string; readonly message: string };

/** How the daemon gets to know the wrapper. */
export function decideInstall(facts: DockerFacts, entry: RuntimeEntry): InstallStep {
  const lines = JSON.stringify({ runtimes: { [entry.name]: { path: entry.path } } });
  if (facts.registered === entry.path) return { do: 'Nothing' };
  if (facts.registered !== undefined) {
    return instruct(
      'RuntimeConflict',
      `Docker has another runtime by the name "${entry.name}" (${facts.registered}), not ${entry.path}: remove it, or rename it`,
    );
  }
  if (facts.hasRuntimeFlags) {
    return instruct(
      'RuntimeConflict',
      `Docker's daemon is started with --add-runtime and takes no entries of ${facts.configPath} besides: add --add-runtime ${entry.name}=${entry.path} there`,
    );
  }
  return change(facts, () => withRuntime(facts.file.text, entry), `add ${lines} to it yourself, and reload Docker`);
}

/** How the daemon forgets the wrapper, which no container uses any more. */
export function decideRemoval(facts: DockerFacts, entry: RuntimeEntry): InstallStep {
  if (facts.aliases.length > 0) {
    return instruct(
      'RuntimeConflict',
      `Docker knows ${entry.path} by other names too (${facts.aliases.join(', ')}): take these out of its configuration yourself`,
    );
  }
  if (facts.registered !== undefined && facts.hasRuntimeFlags) {
    return instruct(
      'RuntimeConflict',
      `Docker's daemon is started with --add-runtime: take ${entry.name}=${entry.path} out there, and restart it`,
    );
  }
  const step = change(
    facts,
    () => withoutRuntime(facts.file.text, entry),
    `take the runtime "${entry.name}" out of it yourself, and reload Docker`,
  );
  return step.do === 'Reload' && facts.registered === undefined ? { do: 'Nothing' } : step;
}

function change(
  { configPath, file, isExternal }: DockerFacts,
  edit: () => string | undefined,
  instead: string,
): InstallStep {
  let text: string | undefined;
  try {
    text = edit();
  } catch (error) {
    if (!(error instanceof ReasonedError)) throw error;
    return instruct(error.reason, `${configPath}: ${describeError(error)}; ${instead}`);
  }
  if (text === undefined) return { do: 'Reload' };
  const elsewhere = managedBecause(configPath, file, isExternal);
  if (elsewhere !== undefined) return instruct('DaemonConfigExternal', `${configPath} ${elsewhere}: ${instead}`);
  return { do: 'Write', text };
}

/** Why a file is not the agent's to replace. */
function managedBecause(path: string, file: NodeFile, isExternal: boolean): string | undefined {
  if (isExternal) return `is managed elsewhere, as the node's annotation ${EXTERNAL_ANNOTATION} says`;
  if (file.realPath !== path) return `is ${file.realPath} in truth, which something else than Docker's user put there`;
  if (file.kind === 'other') return 'is no regular file';
  if (file.links > 1) return 'has another name (a hard link)';
  return undefined;
}

/** Annotation of a Node, of the value `external`, by which its owner keeps agents from touching Docker's configuration. */
export const EXTERNAL_ANNOTATION = 'transship.dev/daemon-json';

function instruct(reason: string, message: string): InstallStep {
  return { do: 'Instruct', reason, message };
}
