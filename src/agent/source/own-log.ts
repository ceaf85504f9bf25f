import type { FillVolumes } from '../fill';
import { containerLogs } from '../container-logs';
import { findOriginal } from './original';

/**
 * With `spec.logs: Skip` the checkpoint holds no log. A container that is woken up from it in the original's place gets
 * the original's own all the same: on this node everything is to be as it was. Nothing where the original is gone.
 */
export const keepOwnLog: FillVolumes = async (migration, replacement, _manifest, { engine, store }) => {
  const { source } = migration.status;
  if (migration.spec.logs !== 'Skip' || source === undefined) return;
  const original = await findOriginal(source, engine);
  if (original === undefined) return;
  const from = containerLogs(original);
  const to = containerLogs(replacement);
  if (from === undefined || from.driver !== to?.driver) return;
  await store.copyLogs(from, to);
};
