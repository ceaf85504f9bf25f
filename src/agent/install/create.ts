import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { networkScriptOf, pagesScriptOf } from '../../driver/runc/paths';
import type { Clock } from '../../runtime/clock';
import type { CommandRunner } from '../../runtime/exec';
import type { Logger } from '../../runtime/log';
import { EXTERNAL_ANNOTATION } from './decide';
import { createDockerDaemons } from './docker-daemons';
import { Installer } from './installer';
import { createNodeFiles } from './node-files';
import type { InstallDeps } from './settle';
import { settleInstallation } from './settle';
import type { NodeScript } from './wrapper-file';

/** The scripts that belong to this build lie beside `dist`, as in the project. */
const SCRIPTS = join(__dirname, '../../../oci');

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
    settleInstallation({ mode, entry, directories, engine, clock, ...node, scripts: await readScripts(entry.path) });
  return new Installer(settle, clock, log);
}

async function readScripts(wrapperPath: string): Promise<NodeScript[]> {
  const read = (name: string): Promise<string> => readFile(join(SCRIPTS, name), 'utf8');
  return [
    { path: networkScriptOf(wrapperPath), text: await read('transship-network') },
    { path: pagesScriptOf(wrapperPath), text: await read('transship-pages') },
    { path: wrapperPath, text: await read('transship-runc') },
  ];
}
