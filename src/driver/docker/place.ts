import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ReasonedError } from '../../runtime/errors';
import { readAtMost, withRegularFile } from '../../store/regular-file';
import { hasCode } from '../system-error';
import { DESCRIPTORS } from './freeze';
import type { DockerDriverOptions } from './options';
import { CHECKPOINT_NAME } from './options';

/** Some tens of bytes for each of a process's standard streams. */
const MAX_BYTES = 64 * 1024;
const TIMEOUT_MS = 10_000;

/**
 * Puts what Docker has to know of the checkpoint where it looks for it: below the container's own directory, from where
 * alone it restores. Docker takes copies, and CRIU reads the rest from the volume.
 * @throws ReasonedError CheckpointCorrupt
 */
export async function placeCheckpoint(
  containerID: string,
  images: string,
  options: DockerDriverOptions,
): Promise<void> {
  const text = await readDescriptors(join(images, DESCRIPTORS));
  const directory = await placeOf(containerID, options);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(join(directory, DESCRIPTORS), text, { mode: 0o600 });
}

/**
 * Removes that, and the copies that Docker's containerd leaves in /tmp for ever. Only those with nothing but the very same
 * in them: what else lies there is somebody else's. The names of a container's pipes are in it, so that no two are the
 * same. Idempotent.
 */
export async function removeCheckpoint(containerID: string, options: DockerDriverOptions): Promise<void> {
  const directory = await placeOf(containerID, options);
  const text = await ours(join(directory, DESCRIPTORS));
  if (text !== undefined) await removeCopies(text, options);
  await rm(directory, { recursive: true, force: true });
}

async function removeCopies(text: string, { run }: DockerDriverOptions): Promise<void> {
  const found = await run.run('find', ['/tmp', '-mindepth', '1', '-maxdepth', '2', '-path', '/tmp/ctrd-checkpoint*'], {
    timeoutMs: TIMEOUT_MS,
  });
  const paths = found.stdout.split('\n').filter((path) => /^\/tmp\/ctrd-checkpoint\d+(\/[^/]+)?$/.test(path));
  for (const directory of paths.filter((path) => path.split('/').length === 3)) {
    const inside = paths.filter((path) => path.startsWith(`${directory}/`));
    const file = `${directory}/${DESCRIPTORS}`;
    if (inside.length !== 1 || inside[0] !== file) continue;
    const { exitCode, stdout } = await run.run('cat', ['--', file], { timeoutMs: TIMEOUT_MS });
    if (exitCode !== 0 || stdout !== text) continue;
    await run.run('rm', ['--force', '--', file], { timeoutMs: TIMEOUT_MS });
    await run.run('rmdir', ['--', directory], { timeoutMs: TIMEOUT_MS });
  }
}

async function placeOf(containerID: string, { engine }: DockerDriverOptions): Promise<string> {
  const { rootDir } = await engine.info();
  return join(rootDir, 'containers', containerID, 'checkpoints', CHECKPOINT_NAME);
}

/** From the volume. */
async function readDescriptors(path: string): Promise<string> {
  try {
    const text = (await withRegularFile(path, (file) => readAtMost(file, MAX_BYTES))).toString('utf8');
    if (isListOfTexts(JSON.parse(text))) return text;
  } catch (error) {
    if (!hasCode(error, 'ENOENT') && !(error instanceof SyntaxError)) throw error;
  }
  throw new ReasonedError('CheckpointCorrupt', `the images hold no ${DESCRIPTORS} that runc could read`);
}

const isListOfTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string');

async function ours(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}
