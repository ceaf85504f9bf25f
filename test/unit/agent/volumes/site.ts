import type { Spec } from '../../../../src/api/types';
import type { FakeMove } from '../../../lib/fake-move';
import { CONTAINER_ID, UID } from '../../../lib/migration';
import { shop } from './shop';

/** A host directory of the container, and what is in it. */
export const SITE = '/data/shop/site';
export const PAGES = { page: 'hello', draft: 'soon' };
const COPY = { name: '/site', policy: 'Copy' } as const;
/** A mount of a host directory, as Docker tells it. */
export const bind = (Source: string, Destination: string, RW = true): object => ({
  Type: 'bind',
  Source,
  Destination,
  RW,
});

/** The shop with one more host directory, which the target does not have. */
export function site(
  runDirectory: string,
  { mounts = [], ...spec }: Partial<Spec> & { mounts?: object[] } = {},
): FakeMove {
  const move = shop(runDirectory, { volumeOverrides: [COPY], ...spec });
  const { raw, bindSources } = move.original;
  const { Mounts } = raw as { Mounts: object[] };
  move.source.docker.change(CONTAINER_ID, {
    bindSources: [...bindSources, SITE],
    raw: { ...(raw as object), Mounts: [...Mounts, bind(SITE, '/site'), ...mounts] },
  });
  move.source.directories.add(SITE);
  move.source.mounts.files.set(SITE, { ...PAGES });
  return move;
}

/** What is in the directory on the target. */
export const onTarget = (move: FakeMove): Record<string, string> | undefined => move.target.mounts.files.get(SITE);
/** What the target has noted. */
export const noted = (move: FakeMove): readonly unknown[] | undefined => move.target.directories.noted.get(UID);
/** Nothing of the migration is left, but for what was there before. */
export const expectNothingLeft = (move: FakeMove): void => {
  expect(['/data', '/data/shop', SITE].filter((path) => move.target.directories.has(path))).toEqual([]);
  expect(noted(move)).toBeUndefined();
};
/** Somebody else's container, which has ended. */
export const somebody = (
  ...mounts: object[]
): { id: string; name: string; state: 'exited'; pid: number; raw: object } => ({
  ...{ id: 'd'.repeat(64), name: 'somebody', state: 'exited', pid: 0 },
  raw: { Mounts: mounts },
});
