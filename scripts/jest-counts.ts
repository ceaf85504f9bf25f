/**
 * Prints `PASSED FAILED` of a report of jest, and below it a line for each failure: `jest-counts.ts REPORT EXIT_CODE`.
 * A suite that could not run counts as one failed; so does a run without a report, and one without any test.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
  testResults?: readonly Suite[];
}

interface Suite {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly {
    readonly status: string;
    readonly fullName: string;
    readonly failureMessages: readonly string[] | null;
  }[];
}

export function countsOf(report: Report | undefined, exitCode: number): { passed: number; failed: number } {
  if (report === undefined) return { passed: 0, failed: 1 };
  const passed = report.numPassedTests;
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  const somethingWrong = exitCode !== 0 || passed + failed === 0;
  return { passed, failed: failed === 0 && somethingWrong ? 1 : failed };
}

/** What failed, a line each: the test, and the beginning of what it said. */
export function failuresOf({ testResults = [] }: Pick<Report, 'testResults'>): string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [`✗ ${basename(name)}: ${oneLine(message)}`] : [];
    return failed.map(({ fullName, failureMessages }) => {
      return `✗ ${basename(name)} › ${fullName}: ${oneLine(failureMessages?.join(' ') ?? '')}`;
    });
  });
}

const MAX_LENGTH = 600;

const oneLine = (text: string): string => stripVTControlCharacters(text).replaceAll(/\s+/g, ' ').slice(0, MAX_LENGTH);

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

if (require.main === module) {
  const [path = '', exitCode = '1'] = process.argv.slice(2);
  const report = readReport(path);
  const { passed, failed } = countsOf(report, Number(exitCode));
  console.log([`${passed} ${failed}`, ...failuresOf(report ?? {})].join('\n'));
}
