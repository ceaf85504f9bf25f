import type { Spec } from '../../../../src/api/types';
import { FakeMove } from '../../../lib/fake-move';
import { mountpointOf } from '../../../lib/fake-mounts';
import { CONTAINER_ID } from '../../../lib/migration';

/** Name of a volume that nobody has named. */
export const ANONYMOUS = 'a'.repeat(64);
/** What is in its volume `data`. */
export const FILES = { log: 'line 1\nline 2\n', owner: '1000' };

/** A looper with a named volume, one without a name, and a host directory; Docker fills new volumes from the image. */
export function shop(runDirectory: string, spec: Partial<Spec> = {}): FakeMove {
  const move = new FakeMove(runDirectory, undefined, spec);
  const { mounts, docker } = move.source;
  mounts.add('data', { ...FILES }, { labels: { app: 'shop', 'transship.dev/migration-uid': 'of an earlier move' } });
  mounts.add(ANONYMOUS, { cache: 'warm' }, { labels: { 'com.docker.volume.anonymous': '' } });
  mounts.files.set('/srv', { page: 'hello' });
  move.target.mounts.files.set('/srv', { page: 'hello' });
  const volume = (Name: string, Destination: string): object => ({
    ...{ Type: 'volume', Name, Destination, RW: true },
    Source: mountpointOf(Name),
  });
  const bind = { Type: 'bind', Source: '/srv', Destination: '/srv', RW: true };
  docker.change(CONTAINER_ID, {
    bindSources: ['/srv'],
    raw: {
      Config: { Volumes: { '/cache': {} } },
      HostConfig: { Binds: ['data:/data', '/srv:/srv'] },
      Mounts: [volume('data', '/data'), volume(ANONYMOUS, '/cache'), bind],
    },
  });
  move.target.meanwhile('engine.create.after', () => {
    for (const name of ['data', ANONYMOUS]) Object.assign(move.target.mounts.of(name) ?? {}, { image: 'of the image' });
  });
  return move;
}

/** The volumes of the target. */
export const onTarget = (move: FakeMove): string[] => [...move.target.mounts.volumes.keys()];
/** How far source and target are. */
export const state = (move: FakeMove): (string | undefined)[] => [move.status.source?.state, move.status.target?.state];
/** The reasons why it is refused. */
export const checks = (move: FakeMove): string[] =>
  [...(move.status.source?.checks ?? []), ...(move.status.target?.checks ?? [])]
    .filter(({ blocking }) => blocking)
    .map(({ reason }) => reason);

/** Both nodes have looked. */
export async function preflight(move: FakeMove): Promise<FakeMove> {
  await move.source.visit();
  await move.target.visit();
  return move;
}
