import { describeError } from './errors';
import type { HealthCheck } from './health';
import type { Informer } from './informer';

/** Ready once the first list is in the cache: before that, every object would look as if it did not exist. */
export function cacheIsFilled(informer: Pick<Informer<unknown>, 'hasSynced'>): HealthCheck {
  return {
    name: 'cache',
    check: () => {
      if (!informer.hasSynced()) throw new Error('nothing was listed yet');
    },
  };
}

/**
 * Runs a program to its end. What it fails of, a wrong setting above all, is told in words and not as a stack.
 * Ends the process even when something has not ended in time: it must not go on beside the next life of the program,
 * which settles what it finds.
 */
export function runProgram(main: () => Promise<void>): void {
  main().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${describeError(error)}\n`);
      process.exit(1);
    },
  );
}
