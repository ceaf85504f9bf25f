import type { CriuOption } from '../../criu/options';
import { formatCriuOption, restoreArguments } from '../../criu/options';
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
  // CRIU refuses it at a dump.
  const told = options.filter(({ name }) => name !== 'mntns-compat-mode');
  return placesOf(directories) + told.map((option) => `${formatCriuOption(option).replace('=', ' ')}\n`).join('');
}

/** All that a restore is told of the options that its dump was made with. */
export function restoreConfig(directories: CheckpointDirectories, options: readonly CriuOption[]): string {
  const { flags, config } = restoreArguments(options);
  return placesOf(directories) + flags.map((flag) => `${flag.slice('--'.length)}\n`).join('') + config;
}
