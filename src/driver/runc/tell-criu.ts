import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CriuOption } from '../../criu/options';
import { dumpArguments } from '../../criu/options';
import type { DriverContainer } from '../driver';
import type { RuncDriverOptions } from './options';
import { dumpConfigPath } from './paths';

const HELP_TIMEOUT_MS = 10_000;

/** How `runc checkpoint` is called, so that CRIU hears of its options. */
export interface ToldCriu {
  /** Flags of `runc checkpoint`. */
  readonly flags: readonly string[];
  /** The program and its arguments, given those of runc. */
  command(args: readonly string[]): [file: string, args: readonly string[]];
  /** Removes what was left for CRIU to read. */
  remove(): Promise<void>;
}

/**
 * Options that runc has no flag for come from a configuration file that this one call of runc names in its environment:
 * nothing on the node changes for anybody else's dumps. `env` sets it, because the call may enter the node's namespaces.
 */
export async function tellCriu(
  { id }: Pick<DriverContainer, 'id'>,
  options: readonly CriuOption[],
  { run, runDir }: Pick<RuncDriverOptions, 'run' | 'runDir'>,
): Promise<ToldCriu> {
  // Asked only where the answer counts: the container stands still meanwhile.
  const help = options.some(({ name }) => name === 'skip-in-flight' || name === 'link-remap')
    ? (await run.run('runc', ['checkpoint', '--help'], { timeoutMs: HELP_TIMEOUT_MS })).stdout
    : '';
  const { flags, config } = dumpArguments(options, (flag) => help.includes(`${flag} `));
  if (config === '') return { flags, command: (args) => ['runc', args], remove: () => Promise.resolve() };
  const path = dumpConfigPath(runDir, id);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, config, { mode: 0o600 });
  return {
    flags,
    command: (args) => ['env', [`CRIU_CONFIG_FILE=${path}`, 'runc', ...args]],
    remove: () => rm(path, { force: true }),
  };
}
