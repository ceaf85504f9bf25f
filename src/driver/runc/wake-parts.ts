import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { addSpan } from '../../runtime/trace';
import { markerPaths } from './paths';

/**
 * Tells the trace of the freeze window what a start was made of: the wrapper leaves the times in its marker. What it has
 * not left is left out.
 * @param restoreMs CRIU's part, which ended when runc did
 */
export async function tellWakeParts(runDir: string, containerID: string, restoreMs: number | undefined): Promise<void> {
  const { directory } = markerPaths(runDir, containerID);
  const at = (name: string): Promise<number | undefined> =>
    stat(join(directory, name)).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
  const [begun, ended, starting, resumed] = await Promise.all(['begun', 'ended', 'starting', 'resumed'].map(at));
  const tell = (name: string, from: number | undefined, to: number | undefined): void => {
    if (from !== undefined && to !== undefined && to >= from) addSpan(name, from, to - from);
  };
  tell('runc restore', begun, ended);
  if (ended !== undefined && restoreMs !== undefined) addSpan('criu restores', ended - restoreMs, restoreMs);
  tell('docker between create and start', ended, starting);
  tell('wrapper continues the processes', starting, resumed);
}
