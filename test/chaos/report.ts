import { nameOf } from './matrix';
import type { CaseResult } from './run-case';

/** One case in one line. */
export function lineOf(result: CaseResult, number: number): string {
  const { cell, verdict, injected, tookMs, workload, migration } = result;
  const mark = injected === undefined ? '·' : verdict.violations.length === 0 ? '✓' : '✗';
  const outcome = injected === undefined ? `not injected (${verdict.outcome})` : verdict.outcome;
  const reason = migration?.status?.reason ?? '';
  const parts = [
    `${mark} ${String(number).padStart(3)}`,
    nameOf(cell).padEnd(62),
    workload,
    `${outcome}${verdict.outcome === 'Succeeded' ? '' : ` (${reason})`}`.padEnd(28),
    `gap ${Math.round(verdict.longestGapMs)} ms`.padEnd(12),
    `${(tookMs / 1000).toFixed(1)} s`,
  ];
  return [parts.join('  '), ...verdict.violations.map((violation) => `        ${violation}`)].join('\n');
}
