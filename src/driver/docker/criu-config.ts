import type { CriuOption, DumpArguments, RestoreArguments } from '../../criu/options';
import { dumpArguments, restoreArguments } from '../../criu/options';
import type { CheckpointDirectories } from '../driver';

/**
 * CRIU writes and reads these itself, and Docker has nothing to copy.
 * @param directories paths without blanks, at which CRIU splits; `images` a symlink, which CRIU must be able to read as one
 */
function placesOf({ images, work }: CheckpointDirectories): string {
  return `images-dir ${images}\nwork-dir ${work}\n`;
}

/** All that a dump is told: Docker itself tells runc nothing. */
export function dumpConfig(directories: CheckpointDirectories, options: readonly CriuOption[]): string {
  return placesOf(directories) + linesOf(dumpArguments(options));
}

/** All that a restore is told of the options that its dump was made with. */
export function restoreConfig(directories: CheckpointDirectories, options: readonly CriuOption[]): string {
  return placesOf(directories) + linesOf(restoreArguments(options));
}

/** What runc has a flag for, CRIU knows by the same name. */
function linesOf({ flags, config }: DumpArguments | RestoreArguments): string {
  return flags.map((flag) => `${flag.slice('--'.length)}\n`).join('') + config;
}
