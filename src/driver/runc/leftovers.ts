import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock';
import type { WakeState } from '../driver';
import { hasCode } from '../system-error';
import { readWakeState } from './marker';
import { criuConfigDirectory, criuConfigPath, dumpConfigDirectory, markerPaths, markersDirectory } from './paths';

/** What lies in the directories that the runc driver keeps on the node. Ages are since the last change, in ms. */
export interface DriverFiles {
  readonly markers: readonly { readonly containerID: string; readonly wake: WakeState; readonly ageMs: number }[];
  readonly configs: readonly { readonly migrationUID: string; readonly ageMs: number }[];
  /** Paths of what is only there while it is removed, or while a dump is made. */
  readonly scraps: readonly { readonly path: string; readonly ageMs: number }[];
}

/** Finds what the driver's earlier work may have left, and removes it when it is told that nobody needs it. */
export interface DriverLeftovers {
  find(): Promise<DriverFiles>;
  /** Of a container that Docker does not know. */
  removeMarker(containerID: string): Promise<void>;
  removeConfig(migrationUID: string): Promise<void>;
}

const REMOVED_SUFFIX = '.removed';
const CONFIG_SUFFIX = '.conf';

/** @param runDir where the wrapper looks for its markers: /run/transship */
export function createRuncLeftovers(runDir: string, clock: Clock): DriverLeftovers {
  const ageOf = async (path: string): Promise<number | undefined> => {
    try {
      return clock.now() - (await lstat(path)).mtimeMs;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  };
  return {
    find: async () => {
      const markers: DriverFiles['markers'][number][] = [];
      const configs: DriverFiles['configs'][number][] = [];
      const scraps: DriverFiles['scraps'][number][] = [];
      for (const name of await namesIn(markersDirectory(runDir))) {
        const path = join(markersDirectory(runDir), name);
        const ageMs = await ageOf(path);
        if (ageMs === undefined) continue;
        if (name.endsWith(REMOVED_SUFFIX)) scraps.push({ path, ageMs });
        else if (/^[0-9a-f]{64}$/.test(name)) {
          markers.push({ containerID: name, wake: await readWakeState(runDir, name), ageMs });
        }
      }
      for (const name of await namesIn(criuConfigDirectory(runDir))) {
        const ageMs = await ageOf(join(criuConfigDirectory(runDir), name));
        if (ageMs === undefined || !/^[0-9A-Za-z][-0-9A-Za-z]{0,63}\.conf$/.test(name)) continue;
        configs.push({ migrationUID: name.slice(0, -CONFIG_SUFFIX.length), ageMs });
      }
      for (const name of await namesIn(dumpConfigDirectory(runDir))) {
        const path = join(dumpConfigDirectory(runDir), name);
        const ageMs = await ageOf(path);
        if (ageMs !== undefined) scraps.push({ path, ageMs });
      }
      return { markers, configs, scraps };
    },
    removeMarker: async (containerID) => {
      const { directory } = markerPaths(runDir, containerID);
      const removed = `${directory}${REMOVED_SUFFIX}`;
      await rm(removed, { recursive: true, force: true });
      try {
        await rename(directory, removed);
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw error;
      }
      await rm(removed, { recursive: true, force: true });
    },
    removeConfig: (migrationUID) => rm(criuConfigPath(runDir, migrationUID), { force: true }),
  };
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
