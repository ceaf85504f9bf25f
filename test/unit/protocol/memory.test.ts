import type { TargetStatus } from '../../../src/api/types';
import { memoryConditions } from '../../../src/protocol/memory';
import { error, target } from '../../lib/migration';

describe('the condition MemoryComplete', () => {
  test('is there only where memory is brought in while the container runs', () => {
    expect(memoryConditions({})).toEqual([]);
    expect(memoryConditions({ target: target('Settled') })).toEqual([]);
  });

  test.each<[TargetStatus, string, string]>([
    [target('Claimed', { lazyPages: 'Pending' }), 'Unknown', 'Pending'],
    [target('Failed', { lazyPages: 'Pending' }), 'Unknown', 'Pending'],
    [target('Restored', { lazyPages: 'Pending' }), 'False', 'MemoryArriving'],
    [target('Restored', { lazyPages: 'Done' }), 'True', 'MemoryComplete'],
    [
      target('Settled', { lazyPages: 'Lost', error: { ...error, reason: 'PageServerLost' } }),
      'False',
      'PageServerLost',
    ],
    [target('Settled', { lazyPages: 'Lost' }), 'False', 'MemoryLost'],
  ])('of %j is %s because of %s', (status, holds, reason) => {
    expect(memoryConditions({ target: status })).toMatchObject([{ type: 'MemoryComplete', status: holds, reason }]);
  });
});
