import { countsOf } from '../../../scripts/jest-counts';

const report = (
  numPassedTests: number,
  numFailedTests: number,
  numRuntimeErrorTestSuites = 0,
): object & {
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
} => ({ numPassedTests, numFailedTests, numRuntimeErrorTestSuites });

describe('countsOf', () => {
  it.each([
    ['counts what passed', report(3, 0), 0, { passed: 3, failed: 0 }],
    ['counts what failed', report(3, 2), 1, { passed: 3, failed: 2 }],
    ['counts a suite that could not run as one failure', report(3, 0, 1), 1, { passed: 3, failed: 1 }],
    ['takes a run without a report as one failure', undefined, 137, { passed: 0, failed: 1 }],
    ['takes a run without a report as a failure even when it ended well', undefined, 0, { passed: 0, failed: 1 }],
    ['takes a run without any test as one failure', report(0, 0), 0, { passed: 0, failed: 1 }],
    ['believes an exit code that says more than the report', report(3, 0), 1, { passed: 3, failed: 1 }],
  ])('%s', (_name, given, exitCode, expected) => {
    expect(countsOf(given, exitCode)).toEqual(expected);
  });
});
