import type { Check, ContainerMigration, SourceStatus } from '../api/types';
import type { ChosenOption } from '../criu/choose-options';
import { chooseCriuOptions, describeOptions, findCriuObstacles } from '../criu/choose-options';
import type { CriuOption } from '../criu/options';
import { parseCriuOption } from '../criu/options';
import type { ContainerInfo } from '../docker/engine';
import { ReasonedError } from '../runtime/errors';
import { blocking } from './node-checks';
import type { AgentDeps, NodeAccess } from './ports';

/** As the object's status shows what CRIU is told. */
type ShownOptions = NonNullable<SourceStatus['criuOptions']>;

/** What no option of CRIU helps against, found while the container runs. */
export async function criuChecks(
  migration: ContainerMigration,
  container: ContainerInfo,
  { node }: { readonly node: Pick<NodeAccess, 'dumpFacts'> },
): Promise<Check[]> {
  const facts = await node.dumpFacts(container.pid);
  const options = chooseCriuOptions(facts, container.init, migration.spec.criu, migration.spec.connections);
  return findCriuObstacles(facts, options).map(({ reason, message }) => blocking(reason, message));
}

/**
 * What CRIU is told about a container that runs, to be kept in the object's status.
 * @throws ReasonedError for what no option helps against
 */
export async function chooseFor(
  migration: ContainerMigration,
  container: ContainerInfo,
  { node }: Pick<AgentDeps, 'node'>,
): Promise<ShownOptions> {
  const facts = await node.dumpFacts(container.pid);
  const options: readonly ChosenOption[] = chooseCriuOptions(
    facts,
    container.init,
    migration.spec.criu,
    migration.spec.connections,
  );
  const obstacle = findCriuObstacles(facts, options)[0];
  if (obstacle !== undefined) throw new ReasonedError(obstacle.reason, obstacle.message);
  return describeOptions(options);
}

/**
 * The options that the source reported, of the closed set only.
 * @throws TerminalError CriuOptionInvalid
 */
export function reportedOptions(source: Pick<SourceStatus, 'criuOptions'> | undefined): readonly CriuOption[] {
  return (source?.criuOptions ?? []).map(({ option }) => parseCriuOption(option));
}
