import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** A hung restore writes tens of megabytes a second: more than the end is never read. */
const MAX_BYTES = 262_144;

/** Logs lie on the shared volume, and their end is published: a link would publish any file of the node. */
const UNLINKED = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The end of a log; empty when it cannot be read, for a log that is missing must not hide what went wrong. */
export async function readLogEnd(path: string): Promise<string> {
  try {
    const file = await open(path, UNLINKED);
    try {
      const stats = await file.stat();
      if (!stats.isFile() || stats.nlink > 1) return '';
      const { size } = stats;
      const position = Math.max(0, size - MAX_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, MAX_BYTES)), 0, null, position);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}
