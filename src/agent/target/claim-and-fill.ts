import type { ContainerMigration, TargetStatus } from '../../api/types';
import { keyOf } from '../../api/types';
import type { Filled } from '../fill';
import { follow } from '../latest';
import type { AgentDeps } from '../ports';
import { claim } from './claim';
import { fillAhead } from './fill-ahead';
import type { Work } from './report';
import { report } from './report';

/** What a wake-up in the visit of its claim goes by. */
export interface JustClaimed {
  readonly filled: Filled | undefined;
  /** Of the object since the claim was written: what the controller wrote while the files were put in place counts, too. */
  readonly latest: () => ContainerMigration;
}

/**
 * Verifies the checkpoint, writes the claim, and puts the container's files in place meanwhile.
 * @param latest the object as it is known when the claim is written
 * @returns the object with the claim
 * @throws what claim and report throw, when nothing is being put in place any more
 */
export async function claimAndFill(
  migration: ContainerMigration,
  step: Work & { readonly do: 'Claim' },
  status: TargetStatus,
  deps: AgentDeps,
  latest: () => ContainerMigration,
): Promise<JustClaimed & { readonly written: ContainerMigration }> {
  const filling = fillAhead(migration, deps);
  try {
    const next = await claim(migration, status, deps, filling.begin);
    const told = deps.migrations.cached(keyOf(migration));
    const written = await report(migration, step, next, deps, latest());
    const since = follow(written, deps.migrations, told);
    return { written, filled: await filling.end(), latest: since };
  } finally {
    await filling.end();
  }
}
