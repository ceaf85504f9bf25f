import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const project = join(__dirname, '../../..');
let stage: string;

/** A project of stubs around the real script: every tool succeeds unless a test says otherwise. */
beforeEach(() => {
  stage = mkdtempSync(join(tmpdir(), 'run-tests-'));
  mkdirSync(join(stage, 'scripts'));
  cpSync(join(project, 'scripts/run-tests.sh'), join(stage, 'scripts/run-tests.sh'));
  for (const tool of ['prettier', 'eslint', 'tsc', 'npm']) stub(`node_modules/.bin/${tool}`, 'exit 0');
  for (const script of [
    'scripts/install.sh',
    'scripts/check-shell.sh',
    'lab/up',
    'lab/deploy',
    'lab/down',
    'lab/crd-current/check',
    'test/chaos/run',
    'test/lab/crash.sh',
  ]) {
    stub(script, 'exit 0');
  }
  stub('node_modules/.bin/jest', 'echo "tests of $2"');
  // Stands for the reader of jest's report: three tests passed.
  stub('node_modules/.bin/ts-node', 'echo "3 0"');
});

afterEach(() => {
  rmSync(stage, { recursive: true });
});

function stub(path: string, body: string): void {
  const file = join(stage, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}

function runTests(...args: string[]): { code: number | null; lastLine: string; output: string } {
  const { status, stdout, stderr } = spawnSync('scripts/run-tests.sh', args, { cwd: stage, encoding: 'utf8' });
  const lines = stdout.trimEnd().split('\n');
  return { code: status, lastLine: lines.at(-1) ?? '', output: stdout + stderr };
}

describe('run-tests.sh', () => {
  it('counts every part, and says so in one last line', () => {
    // 1 installation, 7 static checks, 3 unit, 3 integration, 2 × 3 e2e, 2 × (lab up, deploy), lab down,
    // conformance, soak, chaos
    expect(runTests()).toMatchObject({ code: 0, lastLine: '31 passed, 0 failed' });
  });

  it('goes on after a failing check, shows what it said, and fails', () => {
    stub('node_modules/.bin/eslint', 'echo "this line is wrong"; exit 1');
    const { code, lastLine, output } = runTests('static');
    expect({ code, lastLine }).toEqual({ code: 1, lastLine: '7 passed, 1 failed' });
    expect(output).toContain('    this line is wrong');
  });

  it('counts the failures that jest reports', () => {
    stub('node_modules/.bin/ts-node', 'echo "5 2"');
    expect(runTests('unit')).toMatchObject({ code: 1, lastLine: '6 passed, 2 failed' });
  });

  it('does not run the tests of a lab that did not come up, and counts them as failed', () => {
    stub('lab/up', '[ "$2" != docker26 ]');
    const { code, lastLine, output } = runTests('e2e');
    // The first lab, its deployment and tests, and the end pass; the second lab and its tests fail.
    expect({ code, lastLine }).toEqual({ code: 1, lastLine: '11 passed, 2 failed' });
    expect(output).toContain('not run: the lab (docker26) is not up');
  });

  it('says once more at the end what was wrong in a stage, whose output it has shown before', () => {
    stub('test/chaos/run', 'echo "case 1"; echo "✗ 2 the server is lost" >&2; echo done; exit 1');
    const { code, lastLine, output } = runTests('e2e');
    expect({ code, lastLine }).toEqual({ code: 1, lastLine: '15 passed, 1 failed' });
    const [before = '', after = ''] = output.split('── what failed, or not at once passed');
    expect(before).toContain('case 1\n✗ 2 the server is lost\ndone');
    expect(after).toContain('chaos, docker28\n    ✗ 2 the server is lost\n');
    expect(after).not.toContain('case 1');
  });

  it('says at the end what passed at the second try only', () => {
    stub('test/chaos/run', 'echo "✗ 1 lost"; echo "✓ 1 found"; echo "⚠ 1 failed, and passed at the second try: lost"');
    const { code, output } = runTests('e2e');
    expect(code).toBe(0);
    expect(output.split('── what failed, or not at once passed')[1]).toContain(
      '⚠ 1 failed, and passed at the second try',
    );
  });

  it('ends at once when the packages cannot be installed', () => {
    stub('scripts/install.sh', 'echo "npm install failed"; exit 1');
    expect(runTests()).toMatchObject({ code: 1, lastLine: '0 passed, 1 failed' });
  });

  it('refuses a group that it does not know', () => {
    expect(runTests('nonsense')).toMatchObject({ code: 1, lastLine: '0 passed, 1 failed' });
  });

  it('counts an interruption as a failure', () => {
    // Its parent is timeout, whose parent is the script.
    stub('node_modules/.bin/prettier', 'kill -TERM "$(ps -o ppid= -p "$PPID" | tr -d " ")"; sleep 5');
    const { code, lastLine } = runTests('static');
    expect({ code, lastLine }).toEqual({ code: 1, lastLine: '1 passed, 1 failed' });
  });
});
