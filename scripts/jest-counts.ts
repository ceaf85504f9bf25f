/**
 * Prints `PASSED FAILED` of a report of jest: `jest-counts.ts REPORT EXIT_CODE`.
 * A suite that could not run counts as one failed; so does a run without a report, and one without any test.
 */
import { readFileSync } from 'node:fs';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
}

export function countsOf(report: Report | undefined, exitCode: number): { passed: number; failed: number } {
  if (report === undefined) return { passed: 0, failed: 1 };
  const passed = report.numPassedTests;
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  const somethingWrong = exitCode !== 0 || passed + failed === 0;
  return { passed, failed: failed === 0 && somethingWrong ? 1 : failed };
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

if (require.main === module) {
  const [path = '', exitCode = '1'] = process.argv.slice(2);
  const { passed, failed } = countsOf(readReport(path), Number(exitCode));
  console.log(`${passed} ${failed}`);
}
