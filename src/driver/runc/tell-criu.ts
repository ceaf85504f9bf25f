import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CriuOption } from '../../criu/options';
import { dumpArguments } from '../../criu/options';
import type { DriverContainer } from '../driver';
import type { RuncDriverOptions } from './options';
import { dumpConfigPath } from './paths';

const HELP_TIMEOUT_MS = 10_000;

/** Which flags this node's `runc checkpoint` has: its own words. Not remembered, for runc may be replaced at any time. */
export async function askHelp(run: RuncDriverOptions['run']): Promise<string> {
  return (await run.run('runc', ['checkpoint', '--help'], { timeoutMs: HELP_TIMEOUT_MS })).stdout;
}

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
 * @param help what `askHelp` gave
 * @param isLocked whether the network of the container is locked already
 */
export async function tellCriu(
  { id }: Pick<DriverContainer, 'id'>,
  options: readonly CriuOption[],
  help: string,
  runDir: string,
  isLocked = false,
): Promise<ToldCriu> {
  const { flags, config } = dumpArguments(options, (flag) => help.includes(`${flag} `), isLocked);
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
