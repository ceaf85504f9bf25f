import { restoreStatus } from '../../../src/agent/restore-status';
import type { RestoreProof } from '../../../src/driver/restore-proof';

const one = { pid: 1, ppid: 0, threads: 1, command: 'sh', startedMs: undefined };
const proof = (more: Partial<RestoreProof>): RestoreProof => ({
  ...{ stats: undefined, processes: 1, threads: 1, found: 0, tree: [one] },
  ...more,
});

test('what is not known is left out', () => {
  const tree = [{ pid: 1, ppid: 0, threads: 1 }];
  expect(restoreStatus(proof({ tree: [{ ...one, command: undefined }] }))).toEqual({ ...proof({}), tree });
});

test('times are told as elsewhere', () => {
  const stats = { restoreMs: 1203.7, pagesRestored: 787 };
  const startedMs = Date.parse('2026-01-01T00:00:00.120Z');
  expect(restoreStatus(proof({ stats, tree: [{ ...one, startedMs }] }))).toMatchObject({
    criu: { restore: '1.204s', pagesRestored: 787 },
    tree: [{ command: 'sh', startedAt: '2026-01-01T00:00:00.120Z' }],
  });
});

test('a number that no JSON keeps is left out', () => {
  expect(restoreStatus(proof({ stats: { restoreMs: 1, pagesRestored: 2 ** 64 } })).criu).toEqual({ restore: '1ms' });
});

test.each([
  ['\u001b[2Jred\u0007', '?[2Jred?'],
  ['\u00c3\u00a9t\u00c3\u00a9', 'été'],
  ['\u00ff\u00fe', '\ufffd\ufffd'],
  ['x'.repeat(40), 'x'.repeat(16)],
])('the name %j of a process is told as %j', (command, told) => {
  expect(restoreStatus(proof({ tree: [{ ...one, command }] })).tree[0]?.command).toBe(told);
});
