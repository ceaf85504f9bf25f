import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCheckpointStore } from '../../../src/agent/checkpoint-store';
import { FileJournal } from '../../../src/agent/journal';
import type { AgentDeps } from '../../../src/agent/ports';
import { adoptCheckpoint, freezeSource } from '../../../src/agent/source/freeze';
import { VolumeAccess } from '../../../src/agent/volume-access';
import type { ContainerState } from '../../../src/docker/engine';
import { systemClock } from '../../../src/runtime/clock';
import { createCommandRunner } from '../../../src/runtime/exec';
import { CONTAINER_ID, decision, migration, source, target } from '../../lib/migration';
import { NOTHING_OPEN } from '../../lib/nothing-open';

const frozen = migration({ decision: decision('Freeze'), source: source('Prepared'), target: target('Prepared') });
const { uid } = frozen.metadata;
const deadlines = { dumpMs: 10_000, wakeMs: 10_000 };
const directoryOf = (volume: string): string => join(volume, 'default/move-01234567/1');

let volume: string;
let journal: FileJournal;
let state: ContainerState;
/** What was done to the container, in order. */
let done: string[];

beforeEach(async () => {
  volume = await mkdtemp(join(tmpdir(), 'volume-'));
  journal = new FileJournal(join(volume, 'run'));
  await journal.reserve(CONTAINER_ID, { migrationUID: uid, migration: 'default/move' });
  await mkdir(directoryOf(volume), { recursive: true });
  await writeFile(join(directoryOf(volume), 'container.json'), '{}');
  state = 'running';
  done = [];
});

afterEach(() => rm(volume, { recursive: true }));

function deps(dump: () => Promise<void> = () => Promise.resolve()): AgentDeps {
  const act = (name: string): (() => Promise<void>) => {
    return () => {
      done.push(name);
      return Promise.resolve();
    };
  };
  return {
    engine: {
      inspect: () => Promise.resolve({ id: CONTAINER_ID, name: 'looper', state, upperDir: undefined }),
      setRestartPolicy: act('restart policy off'),
      pause: act('pause'),
    },
    driver: {
      name: 'runc',
      prepareDump: act('prepare dump'),
      dump: async (_container: unknown, { images }: { images: string }) => {
        done.push('dump');
        await mkdir(images, { recursive: true });
        await writeFile(join(images, 'pages-1.img'), 'pages');
        await dump();
        return { dumpMs: 1 };
      },
    },
    node: { name: 'node-a', dumpFacts: () => Promise.resolve(NOTHING_OPEN) },
    store: createCheckpointStore({
      root: volume,
      node: 'node-a',
      volume: new VolumeAccess(systemClock),
      commands: createCommandRunner(systemClock),
      clock: systemClock,
      deadlines,
    }),
    journal,
    clock: systemClock,
    deadlines,
  } as unknown as AgentDeps;
}

const prepared = source('Prepared', { criuOptions: [] });
const freeze = (agent = deps()): ReturnType<typeof freezeSource> => freezeSource(frozen, prepared, agent);
const adopt = (): ReturnType<typeof freezeSource> => adoptCheckpoint(frozen, prepared, deps());

test('the restart policy goes before the pause, and the manifest comes last', async () => {
  const status = await freeze();
  expect(done).toEqual(['prepare dump', 'restart policy off', 'pause', 'dump']);
  expect(status).toMatchObject({ state: 'Published', checkpoint: { path: 'default/move-01234567/1', files: 2 } });
  expect(status.freezeStartedAt?.localeCompare(status.publishedAt ?? '')).toBeLessThanOrEqual(0);
});

test('a good dump is completed without another, with the time at which the downtime began', async () => {
  const first = await freeze();
  state = 'paused';
  done = [];
  await rm(join(directoryOf(volume), 'manifest.json'));
  expect(await freeze()).toEqual({ ...first, publishedAt: expect.any(String) as string });
  expect(done).toEqual([]);
});

test('a dump is worthless when the container ran on after it', async () => {
  await freeze();
  done = [];
  expect(await freeze()).toMatchObject({ state: 'Published' });
  expect(done).toEqual(['prepare dump', 'restart policy off', 'pause', 'dump']);
});

test('a manifest of an earlier dump does not vouch for images that are being overwritten', async () => {
  await freeze();
  await expect(freeze(deps(() => Promise.reject(new Error('killed'))))).rejects.toThrow('killed');
  await expect(adopt()).rejects.toMatchObject({ reason: 'CheckpointMissing' });
});

test('a published checkpoint is adopted as it is', async () => {
  const first = await freeze();
  done = [];
  expect(await adopt()).toEqual(first);
  expect(done).toEqual([]);
});

test('an earlier life that died in its dump is continued, with the time at which the downtime began', async () => {
  await expect(freeze(deps(() => Promise.reject(new Error('killed'))))).rejects.toThrow('killed');
  const { freezeStartedAt } = (await journal.read(CONTAINER_ID)) ?? {};
  state = 'paused';
  expect(await freeze()).toMatchObject({ state: 'Published', freezeStartedAt });
});

test('a symlink in the place of a directory is not followed', async () => {
  const { symlink } = await import('node:fs/promises');
  await symlink('/etc', join(directoryOf(volume), 'work'));
  await expect(freeze()).rejects.toThrow();
  expect(done).toEqual([]);
});
