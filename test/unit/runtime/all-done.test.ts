import { allDone } from '../../../src/runtime/all-done';

const later = <T>(ms: number, act: () => T): Promise<T> =>
  new Promise<void>((resolve) => setTimeout(resolve, ms)).then(act);

test('gives what each has come to, in their order', async () => {
  expect(
    await allDone(
      later(5, () => 'slow'),
      Promise.resolve(2),
    ),
  ).toEqual(['slow', 2]);
});

test('rejects when all have ended, with what the first in the list has failed of', async () => {
  let ended = false;
  const fails = (message: string): Promise<never> => Promise.reject(new Error(message));
  const work = allDone(
    later(20, () => {
      ended = true;
    }),
    later(10, () => fails('first')),
    fails('second'),
  );
  await expect(work).rejects.toThrow('first');
  expect(ended).toBe(true);
});
