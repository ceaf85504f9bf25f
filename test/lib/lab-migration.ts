import type { ContainerMigration } from '../../src/api/types';
import { isFinal } from '../../src/api/types';
import { parseMigration } from '../../src/api/validate';
import type { NodeName } from './lab-docker';
import { mustRun } from './lab-tools';
import { sleep } from './waiting';

/** Longer than any migration of a small container takes; an agent that is away is awaited for 60 s by default. */
const END_DEADLINE_MS = 90_000;

export interface MigrationManifest {
  readonly name: string;
  readonly container: string;
  readonly from: string;
  readonly to: string;
  /** More fields of the spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** Marks the tests' own objects, so that nobody else's are deleted. */
const LABELS = { 'transship-test': 'e2e' };

/** The object as a user would write it. */
export function manifestOf({ name, container, from, to, spec = {} }: MigrationManifest): string {
  return JSON.stringify({
    apiVersion: 'transship.dev/v1alpha1',
    kind: 'ContainerMigration',
    metadata: { name, namespace: 'default', labels: LABELS },
    spec: { source: { nodeName: from, container }, target: { nodeName: to }, ...spec },
  });
}

/** `kubectl apply`s the objects, all in one call. */
export function apply(...manifests: MigrationManifest[]): void {
  mustRun('kubectl', ['apply', '-f', '-'], manifests.map(manifestOf).join('\n'));
}

export function getMigration(name: string): ContainerMigration {
  return parseMigration(JSON.parse(mustRun('kubectl', ['get', 'cmig', name, '-o', 'json'])));
}

/** Polls until it holds. Throws with what was awaited and the object as it is. */
export async function until(
  name: string,
  what: string,
  holds: (migration: ContainerMigration) => boolean,
): Promise<ContainerMigration> {
  const deadline = Date.now() + END_DEADLINE_MS;
  for (;;) {
    const migration = getMigration(name);
    if (holds(migration)) return migration;
    if (Date.now() > deadline)
      throw new Error(`${name}: still no ${what}: ${JSON.stringify(migration.status, null, 2)}`);
    await sleep(100);
  }
}

/** Applies the object and waits for its end, whatever it is. */
export async function migrate(manifest: MigrationManifest): Promise<ContainerMigration> {
  apply(manifest);
  return until(manifest.name, 'end', isFinal);
}

/** Applies the object and waits for success; fails with the whole status when it ends otherwise. */
export async function migrateWell(manifest: MigrationManifest): Promise<ContainerMigration> {
  const migration = await migrate(manifest);
  if (migration.status.phase !== 'Succeeded') {
    throw new Error(
      `${manifest.name} ended ${migration.status.phase ?? ''}: ${JSON.stringify(migration.status, null, 2)}`,
    );
  }
  return migration;
}

/** Deletes the ContainerMigrations of the tests, waiting for their finalizers. */
export function deleteMigrations(): void {
  mustRun('kubectl', ['delete', 'cmig', '-l', 'transship-test=e2e', '--namespace', 'default', '--timeout=50s']);
}

/** One line for the test's output: who moved, and how long it was down. */
export function report(what: string, { spec, status }: ContainerMigration): void {
  const { frozen = '?', outage = '?', clockErrorBound = '?' } = status.downtime ?? {};
  const { freeze = '?', dump = '?', restore = '?', total = '?' } = status.timings ?? {};
  const parts = [`freeze ${freeze}`, `dump ${dump}`, `restore ${restore}`, `total ${total}`];
  // Beside jest's own words, which go there too: stdout is where its report goes.
  process.stderr.write(
    `    ${what}: ${spec.source.nodeName} → ${spec.target.nodeName}: downtime ${frozen} (outage ${outage}, ± ${clockErrorBound}); ${parts.join(', ')}\n`,
  );
}

export const otherNode = (node: NodeName): NodeName => (node === 'node-a' ? 'node-b' : 'node-a');
