import { lstat, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isRemapName, parseLinkRemaps } from '../../criu/link-remaps';
import { ReasonedError } from '../../runtime/errors';
import { readAtMost, withRegularFile } from '../../store/regular-file';
import type { DriverContainer } from '../driver';
import { findDeleted } from '../dump-facts';
import { containerPids } from '../processes';
import { hasCode } from '../system-error';
import type { RuncDriverOptions } from './options';
import { linksPath } from './paths';

/** CRIU's list of open files: some hundred bytes for each. */
const MAX_IMAGE_BYTES = 64 * 1024 * 1024;
const LN_TIMEOUT_MS = 10_000;

/**
 * Makes the hard links again that CRIU's restore will look for: a dump that leaves its container running removes them
 * at its end, before the container's files are saved. What was made is noted first, so that `dropLinks` finds it.
 *
 * @throws ReasonedError LinkRemapNeeded
 */
export async function keepLinks(
  container: Pick<DriverContainer, 'id' | 'pid'>,
  images: string,
  { run, runDir }: Pick<RuncDriverOptions, 'run' | 'runDir'>,
  findPids = containerPids,
): Promise<void> {
  const remaps = parseLinkRemaps(await readImage(images, 'files.img'), await readImage(images, 'remap-fpath.img'));
  if (remaps?.length === 0) return;
  const deleted = await findDeleted(await findPids(container.pid));
  const root = `/proc/${container.pid}/root`;
  const links = remaps ?? [];
  const record = linksPath(runDir, container.id);
  await mkdir(dirname(record), { recursive: true, mode: 0o700 });
  await writeFile(record, JSON.stringify(links.map(({ link }) => link)), { mode: 0o600 });
  for (const { path, link } of links) {
    const handle = await theOneOf(deleted.filter(({ name }) => name === path).map((file) => file.path));
    const within = handle !== undefined && (await leadsStraight(root, dirname(link)));
    const made = within && (await makeLink(handle, `${root}${link}`, run));
    if (!made) throw cannotKeep(path);
  }
  if (remaps === undefined) throw cannotKeep(images);
}

/** The handle of the one file among them that has a name left; two of the same name cannot be told apart. */
async function theOneOf(handles: readonly string[]): Promise<string | undefined> {
  const found = new Map<string, string>();
  for (const handle of handles) {
    const { dev, ino, nlink } = await stat(handle);
    if (nlink > 0) found.set(`${dev}:${ino}`, handle);
  }
  return found.size === 1 ? [...found.values()][0] : undefined;
}

/** Removes what `keepLinks` made. Idempotent; for a container that is gone there is nothing to do. */
export async function dropLinks(
  container: Pick<DriverContainer, 'id' | 'pid'>,
  { runDir }: Pick<RuncDriverOptions, 'runDir'>,
): Promise<void> {
  const record = linksPath(runDir, container.id);
  let links: unknown;
  try {
    links = JSON.parse(await readFile(record, 'utf8'));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    // Half of a note: nothing was made yet.
    if (!(error instanceof SyntaxError)) throw error;
  }
  const root = `/proc/${container.pid}/root`;
  for (const link of Array.isArray(links) ? links : []) {
    if (typeof link !== 'string' || !isRemapName(link) || !(await leadsStraight(root, dirname(link)))) continue;
    await rm(`${root}${link}`, { force: true });
  }
  await rm(record, { force: true });
}

/** From the open file, whose own name is gone: what `/proc` has is a symbolic link, which must be followed. */
async function makeLink(handle: string, link: string, run: RuncDriverOptions['run']): Promise<boolean> {
  const args = ['-L', '-f', '-T', '--', handle, link];
  return (await run.run('ln', args, { timeoutMs: LN_TIMEOUT_MS })).exitCode === 0;
}

/** Whether every step is a directory: a symbolic link of the container would lead into the node's own files. */
async function leadsStraight(root: string, directory: string): Promise<boolean> {
  const names = directory.split('/').filter((name) => name !== '');
  for (let depth = 1; depth <= names.length; depth++) {
    try {
      if (!(await lstat(join(root, ...names.slice(0, depth)))).isDirectory()) return false;
    } catch (error) {
      if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return false;
      throw error;
    }
  }
  return true;
}

async function readImage(images: string, name: string): Promise<Uint8Array> {
  try {
    return await withRegularFile(join(images, name), (file) => readAtMost(file, MAX_IMAGE_BYTES));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return new Uint8Array();
    throw error;
  }
}

function cannotKeep(what: string): ReasonedError {
  return new ReasonedError(
    'LinkRemapNeeded',
    `${what} was deleted while it is open and has another hard link, and it cannot be kept for the restore`,
  );
}
