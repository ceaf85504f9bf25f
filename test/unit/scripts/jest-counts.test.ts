import { countsOf, failuresOf } from '../../../scripts/jest-counts';

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

describe('failuresOf', () => {
  const test = (
    status: string,
    fullName: string,
    ...failureMessages: string[]
  ): object & {
    status: string;
    fullName: string;
    failureMessages: string[];
  } => ({ status, fullName, failureMessages });

  it('names each test that failed, and what it said, in a line', () => {
    const assertionResults = [
      test('passed', 'does this'),
      test('failed', 'does that', '\u001b[31mExpected\u001b[39m 1\n  got 2'),
    ];
    const testResults = [{ name: '/a/b/c.test.ts', status: 'failed', message: 'all of it', assertionResults }];
    expect(failuresOf({ testResults })).toEqual(['✗ c.test.ts › does that: Expected 1 got 2']);
  });

  it('names a suite that could not run', () => {
    const testResults = [{ name: '/a/b/c.test.ts', status: 'failed', message: 'no such module', assertionResults: [] }];
    expect(failuresOf({ testResults })).toEqual(['✗ c.test.ts: no such module']);
  });

  it('has nothing to say of what passed, nor of no report', () => {
    const testResults = [{ name: 'c.test.ts', status: 'passed', message: '', assertionResults: [test('passed', 'a')] }];
    expect([failuresOf({ testResults }), failuresOf({})]).toEqual([[], []]);
  });
});
