import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock';
import type { CommandRunner } from '../../runtime/exec';
import type { Logger } from '../../runtime/log';
import { EXTERNAL_ANNOTATION } from './decide';
import { createDockerDaemons } from './docker-daemons';
import { Installer } from './installer';
import { createNodeFiles } from './node-files';
import type { InstallDeps } from './settle';
import { settleInstallation } from './settle';

/** The wrapper that belongs to this build: it lies beside `dist`, as in the project. */
const SCRIPT = join(__dirname, '../../../oci/transship-runc');

/** Builds the installer out of what an agent has. */
export function createInstaller(
  options: Pick<InstallDeps, 'mode' | 'entry' | 'directories' | 'engine'> & {
    /** Docker's socket as the agent sees it. */
    readonly socketPath: string;
    /** Runs programs of the node. */
    readonly commands: CommandRunner;
    /** Of the Node object, as it is now. */
    readonly annotations: () => Promise<Readonly<Record<string, unknown>>>;
    readonly clock: Clock;
    readonly log: Logger;
  },
): Installer {
  const { mode, entry, directories, engine, socketPath, commands, annotations, clock, log } = options;
  const node = {
    files: createNodeFiles(commands),
    daemons: createDockerDaemons({ socketPath, commands }),
    isExternal: async () => (await annotations())[EXTERNAL_ANNOTATION] === 'external',
  };
  const settle = async (): ReturnType<typeof settleInstallation> =>
    settleInstallation({ mode, entry, directories, engine, clock, ...node, script: await readFile(SCRIPT, 'utf8') });
  return new Installer(settle, clock, log);
}
