import type { Progress, Status } from '../../../../src/api/types';
import { decideController } from '../../../../src/protocol/controller/decide';
import { decision, migration, revoked, source, STARTED_AT, target } from '../../../lib/migration';
import { seen } from './observations';

const progress = (doing: Progress['doing'], bytes: number, files: number): { progress: Progress } => ({
  progress: { doing, bytes, files, at: STARTED_AT },
});
const freeze = decision('Freeze');
const MIB = 2 ** 20;

test.each<[Status, string]>([
  [
    { decision: freeze, source: source('Prepared', progress('Dump', 512 * MIB, 12)), target: target('Prepared') },
    'node-a to freeze the container (Dump: 512 MiB in 12 files so far) and node-b to claim it',
  ],
  [
    { decision: freeze, source: source('Published'), target: target('Prepared', progress('Verify', 1.6 * MIB, 1)) },
    'node-a to freeze the container and node-b to claim it (Verify: 2 MiB in 1 file so far)',
  ],
  [
    { decision: freeze, source: source('Published'), target: target('Claimed', progress('Wake', MIB, 3)) },
    'node-b to wake the container up (Wake: 1 MiB in 3 files so far)',
  ],
  [
    {
      decision: { ...freeze, revoked },
      source: source('Published', progress('Apply', MIB, 3)),
      target: target('Withdrawn'),
    },
    'node-a to wake the original up (Apply: 1 MiB in 3 files so far)',
  ],
])('what is awaited says how far it is: %#', (status, waitsFor) => {
  expect(decideController(migration(status), seen())).toMatchObject({ do: 'Wait', waitsFor });
});
