import { copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describeError, reasonOf } from '../../runtime/errors';
import { readAtMost, withRegularFile } from '../../store/regular-file';
import type { CheckpointDirectories, DriverContainer } from '../driver';
import type { DumpOutcome, Dumper } from '../runc/freeze';
import { optionsFor } from '../runc/freeze';
import { CRIU_CONFIG_ANNOTATION, dumpConfigDirectory, isOurCriuConfig } from '../runc/paths';
import { hasCode } from '../system-error';
import { dumpConfig } from './criu-config';
import type { DockerDriverOptions } from './options';
import { CHECKPOINT_NAME } from './options';

/** Runc's, of the files by which it gives the container its standard streams back; Docker keeps it apart from CRIU's. */
export const DESCRIPTORS = 'descriptors.json';

const LOG_LOOK_MS = 5;
/** That line is among the first dozens. */
const LOG_HEAD_BYTES = 16 * 1024;

/** Dumps through Docker's API, the images straight onto the volume. */
export function dockerDumper(options: DockerDriverOptions): Dumper {
  const { checkpoints, clock, runDir } = options;
  return async (container, target, limits) => {
    const links = linksOf(runDir, container);
    const config = dumpConfig(links, optionsFor(limits.criuOptions ?? [], limits.closeConnections));
    const kept = join(target.work, 'docker');
    const send = async (): Promise<DumpOutcome> => {
      limits.signal?.throwIfAborted();
      const startedMs = clock.monotonic();
      const request = { name: CHECKPOINT_NAME, directory: kept, timeoutMs: limits.timeoutMs };
      await checkpoints.create(container.id, request);
      const dumpMs = Math.round(clock.monotonic() - startedMs);
      await copyFile(join(kept, CHECKPOINT_NAME, DESCRIPTORS), join(target.images, DESCRIPTORS));
      return { ok: true, dumpMs };
    };
    try {
      await link(links, target);
      return await configured(container, config, join(target.work, 'dump.log'), send, options);
    } catch (error) {
      if (limits.signal?.aborted === true) throw error;
      // Docker refuses with what runc said, and the log has the rest.
      return reasonOf(error, '') === 'EngineRefused'
        ? { ok: false, stderr: describeError(error) }
        : { ok: false, stderr: '', cause: error };
    } finally {
      await rm(links.images, { force: true });
      await rm(links.work, { force: true });
    }
  };
}

/** Has CRIU find its configuration while the work is done: in the container's own file, or else in the node's. */
async function configured<T>(
  container: DriverContainer,
  config: string,
  log: string,
  work: () => Promise<T>,
  { runDir, swap, clock }: DockerDriverOptions,
): Promise<T> {
  const own = container.annotations[CRIU_CONFIG_ANNOTATION];
  if (own !== undefined && isOurCriuConfig(runDir, own)) {
    await mkdir(dirname(own), { recursive: true, mode: 0o700 });
    await writeFile(own, config, { mode: 0o600 });
    try {
      return await work();
    } finally {
      await rm(own, { force: true });
    }
  }
  return swap.during(config, async (giveBack) => {
    let ended = false;
    const untilRead = async (): Promise<void> => {
      while (!ended && !(await hasBegun(log))) await clock.sleep(LOG_LOOK_MS);
      if (!ended) await giveBack();
    };
    const reading = untilRead().catch(() => undefined);
    try {
      return await work();
    } finally {
      ended = true;
      await reading;
    }
  });
}

/** By these CRIU knows the directories: short paths without blanks, of which it can read that they are symlinks. */
function linksOf(runDir: string, { id }: DriverContainer): CheckpointDirectories {
  const directory = dumpConfigDirectory(runDir);
  return { images: join(directory, `${id}.images`), work: join(directory, `${id}.work`) };
}

async function link(links: CheckpointDirectories, target: CheckpointDirectories): Promise<void> {
  await mkdir(dirname(links.images), { recursive: true, mode: 0o700 });
  for (const which of ['images', 'work'] as const) {
    await rm(links[which], { force: true });
    await symlink(target[which], links[which]);
  }
}

/**
 * Whether CRIU has come to dump. It reads its configuration twice, before it opens its log and after (cr-service.c,
 * setup_opts_from_req), so that the log alone does not tell.
 */
async function hasBegun(log: string): Promise<boolean> {
  try {
    const text = await withRegularFile(log, (file) => readAtMost(file, LOG_HEAD_BYTES));
    return text.includes('Dumping processes');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
