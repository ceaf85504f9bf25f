import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandRunner } from '../../runtime/exec';
import type { HostDirectories } from '../volumes/host-directories-port';
import { createAddressGate } from './gate';
import { createMoveHooks } from './hooks';
import type { AddressGate, MoveHooks } from './port';

/** What moves addresses of a real node. */
export function createAddressMoves(options: {
  readonly hooksDirectory: string;
  readonly runDirectory: string;
  readonly commands: CommandRunner;
  readonly directories: Pick<HostDirectories, 'look'>;
}): {
  readonly moveHooks: MoveHooks;
  readonly addressGate: AddressGate;
  /** Whether a hook was asked for anything since the node booted: before, nothing is set for any address. */
  readonly areUsed: () => Promise<boolean>;
} {
  const { hooksDirectory, runDirectory, commands, directories } = options;
  const lockFile = join(runDirectory, 'move-hook.lock');
  return {
    moveHooks: createMoveHooks({ directory: hooksDirectory, lockFile, commands, directories }),
    addressGate: createAddressGate(commands),
    areUsed: () =>
      access(lockFile).then(
        () => true,
        () => false,
      ),
  };
}
