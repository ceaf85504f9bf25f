import type { ContainerMigration, Decision, DriverReport, SourceStatus, Spec, TargetStatus } from '../api/types';

export type DriverName = DriverReport['name'];
/** The driver that a migration goes by, and why. */
export type DriverChoice = NonNullable<Decision['driver']>;

/** In the order in which they are preferred: it has the fewer limits, and is the faster. */
const PREFERRED: readonly DriverName[] = ['runc', 'docker'];

/** What an agent reported that knew of no choice: it would have said in its checks what stands against this one. */
const OF_OLD: readonly DriverReport[] = [{ name: 'runc' }];

/** Which drivers the owner leaves to choose from, the preferred one first. */
export function allowedDrivers({ driver }: Pick<Spec, 'driver'>): readonly DriverName[] {
  return driver === 'Auto' ? PREFERRED : [driver];
}

/** Whether nothing stands against a driver on a node that has looked. */
export function isPossible(name: DriverName, node: Pick<SourceStatus | TargetStatus, 'drivers'> | undefined): boolean {
  const report = (node?.drivers ?? OF_OLD).find((other) => other.name === name);
  return report !== undefined && (report.problems ?? []).length === 0;
}

/**
 * The driver by which the container moves, when both nodes have looked: the preferred one of those that both can.
 * Undefined when there is none. Pure: chosen once, and written down before anything is touched.
 */
export function chooseDriver({ spec, status: { source, target } }: ContainerMigration): DriverChoice | undefined {
  const name = allowedDrivers(spec).find((driver) => isPossible(driver, source) && isPossible(driver, target));
  if (name === undefined) return undefined;
  if (spec.driver !== 'Auto') return { name, because: `spec.driver names ${name}` };
  const others = PREFERRED.slice(0, PREFERRED.indexOf(name));
  const against = others.flatMap((other) => [
    ...problemsOf(other, source).map((problem) => `${other} is not possible: ${problem}`),
    ...problemsOf(other, target).map((problem) => `${other} is not possible: ${problem}`),
  ]);
  const both = `both nodes can use ${name}`;
  const because = against.length === 0 ? both : `${both}; ${against.join('; ')}`;
  return { name, because: because.slice(0, MAX_LENGTH) };
}

/** As the schema has it. */
const MAX_LENGTH = 4096;

/** What stands against each of the allowed drivers on either node, for people. */
export function whyNoDriver({ spec, status: { source, target } }: ContainerMigration): string {
  const problems = allowedDrivers(spec).flatMap((name) =>
    [...problemsOf(name, source), ...problemsOf(name, target)].map((problem) => `driver ${name}: ${problem}`),
  );
  return problems.length === 0 ? `spec.driver is ${spec.driver}` : problems.join('; ');
}

function problemsOf(name: DriverName, node: SourceStatus | TargetStatus | undefined): string[] {
  const { problems = [] } = (node?.drivers ?? OF_OLD).find((other) => other.name === name) ?? {};
  return problems.map(({ message }) => `${node?.nodeName ?? ''}: ${message}`);
}
