import { ReasonedError } from '../../runtime/errors';
import { unsafeBecause } from '../volumes/directory-rules';
import type { HostDirectories } from '../volumes/host-directories-port';
import type { NodeFiles } from './ports';

/** A program of the node's, as the agent wants it there. */
export interface NodeScript {
  readonly path: string;
  readonly text: string;
}

/**
 * Keeps a script on the node the one that belongs to this agent. A new one is renamed into place: a shell that runs
 * the old file must be able to read on.
 * @throws ReasonedError WrapperPathUnsafe, NodeFileFailed
 */
export async function keepScript(
  { path, text: wanted }: NodeScript,
  node: { readonly files: NodeFiles; readonly directories: Pick<HostDirectories, 'look'> },
): Promise<void> {
  const { kind, text } = await node.files.look(path);
  if (kind === 'regular' && text === wanted) return;
  // Docker runs it as root: nobody else may be able to put another one in its place.
  const unsafe = unsafeBecause(path, await node.directories.look(path));
  if (unsafe !== undefined) {
    throw new ReasonedError(
      'WrapperPathUnsafe',
      `the runtime wrapper is not written to ${path}: ${unsafe}; name another directory`,
    );
  }
  await node.files.rename(await node.files.writeExecutable(path, wanted), path);
}
