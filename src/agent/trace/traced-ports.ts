import { basename } from 'node:path';
import type { CommandRunner } from '../../runtime/exec';
import { traced } from '../../runtime/trace';
import type { AgentDeps } from '../ports';

/** Everything that the steps act on, each call of which is recorded while a recording goes on (docs/trace.md). */
export function tracedPorts(deps: AgentDeps): AgentDeps {
  return {
    ...deps,
    migrations: traced('migrations', deps.migrations, ['cached', 'list']),
    dockerVolumes: traced('dockerVolumes', deps.dockerVolumes),
    dockerNetworks: traced('dockerNetworks', deps.dockerNetworks),
    mountFiles: traced('mountFiles', deps.mountFiles),
    volumeLedger: traced('volumeLedger', deps.volumeLedger),
    hostDirectories: traced('hostDirectories', deps.hostDirectories),
    directoryNotes: traced('directoryNotes', deps.directoryNotes),
    images: traced('images', deps.images),
    driver: traced('driver', deps.driver, ['createOptions']),
    dockerDriver: traced('driver', deps.dockerDriver, ['createOptions']),
    moveHooks: traced('moveHooks', deps.moveHooks),
    addressGate: traced('addressGate', deps.addressGate),
    store: traced('store', deps.store),
    node: traced('node', deps.node),
    journal: traced('journal', deps.journal),
  };
}

/** The programs that are run, by their names. */
export function tracedCommands(commands: CommandRunner): CommandRunner {
  return traced('commands', commands, [], (_method, [file, args]) => programOf(file, args));
}

/** What runc is asked for; other words of its are anybody's. */
const RUNC_COMMANDS = ['checkpoint', 'state', 'pause'];

function programOf(file: unknown, args: unknown): string {
  const all = [file, ...(Array.isArray(args) ? (args as unknown[]) : [])].map(String);
  // `env NAME=value… program word…` sets the environment of a program.
  const words = all[0] === 'env' ? all.slice(1).filter((word) => !/^[A-Z_]+=/.test(word)) : all;
  const program = basename(words[0] ?? '');
  const command = program === 'runc' ? words.find((word) => RUNC_COMMANDS.includes(word)) : undefined;
  return command === undefined ? program : `runc ${command}`;
}
