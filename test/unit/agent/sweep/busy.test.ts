import { Busy } from '../../../../src/agent/sweep/busy';
import { recordingLogger } from '../../../lib/recording-logger';

const context = { signal: new AbortController().signal, log: recordingLogger() };

test('an object is busy from the beginning of a reconcile to its end, whatever that is, in both roles', async () => {
  const busy = new Busy((key) => `uid of ${key}`);
  const ends: ((error?: Error) => void)[] = [];
  const reconcile = busy.during(
    () =>
      new Promise((resolve, reject) => {
        ends.push((error) => {
          if (error === undefined) resolve({});
          else reject(error);
        });
      }),
  );
  const asSource = reconcile('default/move', context);
  const asTarget = reconcile('default/move', context);
  const other = reconcile('default/other', context);
  ends[0]?.();
  await asSource;
  expect([...busy.uids()].sort()).toEqual(['uid of default/move', 'uid of default/other']);
  ends[1]?.(new Error('failed'));
  await expect(asTarget).rejects.toThrow('failed');
  expect(busy.uids()).toEqual(['uid of default/other']);
  ends[2]?.();
  await other;
  expect(busy.uids()).toEqual([]);
});
