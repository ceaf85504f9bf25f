import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseMigration } from '../../../src/api/validate';
import type { ContainerMigration } from '../../../src/api/types';
import { parseDuration } from '../../../src/protocol/duration';
import type { Migrations } from '../../chaos/migrations';
import { isFinal } from '../../chaos/migrations';
import { stdoutOf } from '../../conformance/lab';
import { manifestOf } from '../../lib/lab-migration';
import { command, docker } from '../../soak/lab';
import { apiWrites, writesBetween } from '../api-writes';
import { FROM, NODES, removeContainer, TO } from '../lab';
import type { Job, Moved, Way } from './way';

/** The parts of status.timings that lie between the order to pause and the wake-up, in their order. */
const PHASES = ['freeze', 'dump', 'publish', 'handover', 'verify', 'claim', 'restore'] as const;
const MOVE_MS = 180_000;
/** Seldom: who looks at what is measured takes a part of two CPUs away from it. */
const LOOK_MS = 500;
const DELETE_MS = 60_000;

/** How a driver is asked for in the spec; another one of its kind is another entry in ways/all.ts. */
export interface Variant {
  readonly id: string;
  readonly title: string;
  /** Fields of the spec beside source and target. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** Why it cannot do a case; one without can do all. */
  readonly unfit?: Way['unfit'];
}

/** `kubectl apply` of ContainerMigrations: Transship itself. */
export function transshipWay({ id, title, spec, unfit }: Variant, migrations: Migrations): Way {
  const file = join(mkdtempSync(join(tmpdir(), 'bench-')), 'migrations.json');
  return {
    id,
    title,
    fresh: false,
    unfit: (one) => unfit?.(one),
    log: stdoutOf,

    async prepare({ names, run }) {
      for (const name of names) await docker(FROM, 'run', '--detach', '--name', name, ...run);
    },

    async move({ one, names }): Promise<Moved> {
      const clients = one.clients === undefined ? {} : { connections: one.clients.policy };
      const full = { retainCheckpoint: 'Never', ...clients, ...spec };
      const manifests = names.map((name) => manifestOf({ name, container: name, from: FROM, to: TO, spec: full }));
      writeFileSync(file, manifests.join('\n'));
      const before = await apiWrites();
      await command('kubectl', 'apply', '-f', file);
      const ended = await Promise.all(names.map((name) => endOf(name)));
      // How many there are of several together says nothing of each.
      const writes = names.length === 1 ? { apiWrites: writesBetween(before, await apiWrites()) } : {};
      return {
        frozenMs: ended.map(({ status }) => parseDuration(status.downtime?.frozen ?? '')),
        phasesMs: ended.map(({ status }) =>
          Object.fromEntries(PHASES.map((phase) => [phase, parseDuration(status.timings?.[phase] ?? '')])),
        ),
        bytes: ended.reduce((sum, migration) => sum + bytesOf(migration), 0),
        ...writes,
      };
    },

    async clear({ names }: Job) {
      for (const name of names) {
        const held = await migrations.delete(name, DELETE_MS);
        for (const node of NODES) await removeContainer(node, name);
        if (held === undefined) continue;
        await migrations.forceAway(name);
        throw new Error(`migration ${name} could not be deleted: ${held}`);
      }
    },
  };

  async function endOf(name: string): Promise<ContainerMigration> {
    const seen = await migrations.awaitEnd(name, MOVE_MS, LOOK_MS);
    if (!isFinal(seen)) throw new Error(`${name} did not end within ${MOVE_MS} ms`);
    const migration = parseMigration(seen);
    const { phase, reason = '', message = '' } = migration.status;
    if (phase !== 'Succeeded') throw new Error(`${name} ended ${phase ?? ''}: ${reason}: ${message}`);
    return migration;
  }
}

function bytesOf({ status }: ContainerMigration): number {
  return (status.checkpoint?.sizeBytes ?? 0) + (status.source?.preCopied?.sizeBytes ?? 0);
}
