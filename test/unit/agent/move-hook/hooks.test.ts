import { createMoveHooks } from '../../../../src/agent/move-hook/hooks';
import type { HookAction, HookRequest } from '../../../../src/agent/move-hook/port';
import type { PathPart } from '../../../../src/agent/volumes/host-directories-port';
import type { CommandOptions, CommandResult } from '../../../../src/runtime/exec';
import { pathsTo } from '../../../../src/agent/volumes/directory-rules';

const DIRECTORY = '/etc/transship/hooks';
const HOOK = `${DIRECTORY}/vip`;
const request: HookRequest = {
  version: 1,
  action: 'release',
  migration: { namespace: 'default', name: 'move', uid: '01234567-89ab-cdef-0123-456789abcdef' },
  attempt: 1,
  role: 'source',
  node: 'node-a',
  peerNode: 'node-b',
  container: 'web',
  addresses: ['10.0.0.100'],
};

interface Run {
  readonly file: string;
  readonly args: readonly string[];
  readonly options: CommandOptions;
}

/** A node with one hook, whose parts are as the case says. */
function nodeWith(
  changes: Partial<Record<string, Partial<PathPart> | 'missing'>> = {},
  outcome: Partial<CommandResult> = {},
): { runs: Run[]; run: (name?: string, action?: HookAction) => Promise<void> } {
  const runs: Run[] = [];
  const parts = pathsTo(HOOK).flatMap((path): PathPart[] => {
    const change = changes[path];
    if (change === 'missing') return [];
    const kind = path === HOOK ? 'other' : 'directory';
    return [{ path, kind, uid: 0, gid: 0, mode: '755', isEmpty: false, ...change }];
  });
  const hooks = createMoveHooks({
    directory: DIRECTORY,
    lockFile: '/run/transship/move-hook.lock',
    directories: { look: () => Promise.resolve(parts) },
    commands: {
      run: (file, args, options) => {
        runs.push({ file, args, options });
        const well = { exitCode: 0, signal: null, stdout: '', stderr: '', durationMs: 1 };
        return Promise.resolve(file === 'test' ? well : { ...well, ...outcome });
      },
    },
  });
  return { runs, run: (name = 'vip', action = 'release') => hooks.run(name, { ...request, action }) };
}

test('runs the hook with the action, and the whole request at its standard input', async () => {
  const { runs, run } = nodeWith();
  await run();
  const last = runs.at(-1);
  expect([last?.file, ...(last?.args ?? [])].join(' ')).toMatch(
    /^flock --exclusive --wait \d+ .* \/run\/transship\/move-hook\.lock timeout --kill-after=\d+ \d+ \/etc\/transship\/hooks\/vip release$/,
  );
  expect(JSON.parse(String(last?.options.input))).toEqual(request);
  expect(Object.keys(last?.options.env ?? {})).toEqual(['PATH', 'LC_ALL']);
});

test('what else there is to say of the file is found out while the container runs', async () => {
  const { runs, run } = nodeWith();
  await run('vip', 'check');
  expect(runs.map(({ file }) => file)).toEqual(['test', 'test', 'flock']);
  await run('vip', 'acquire');
  expect(runs.slice(3).map(({ file }) => file)).toEqual(['flock']);
});

test.each([
  ['is not there', { [HOOK]: 'missing' }, 'MoveHookMissing'],
  ['lies in no directory', { [HOOK]: 'missing', [DIRECTORY]: 'missing' }, 'MoveHookMissing'],
  ['is a symlink', { [HOOK]: { kind: 'symlink' } }, 'MoveHookUnsafe'],
  ['is somebody else’s', { [HOOK]: { uid: 1000 } }, 'MoveHookUnsafe'],
  ['may be written by its group', { [HOOK]: { mode: '775' } }, 'MoveHookUnsafe'],
  ['lies in a directory that everybody may write', { [DIRECTORY]: { mode: '1777' } }, 'MoveHookUnsafe'],
  ['lies in a directory of somebody else', { '/etc/transship': { uid: 1000 } }, 'MoveHookUnsafe'],
  ['lies behind a symlink', { '/etc/transship': { kind: 'symlink' } }, 'MoveHookUnsafe'],
] as const)('one that %s is not run', async (_what, changes, reason) => {
  const { runs, run } = nodeWith(changes);
  await expect(run()).rejects.toMatchObject({ reason });
  expect(runs).toEqual([]);
});

test.each(['../vip', '.vip', 'a/b', 'VIP', '', 'vip-'])('nothing is run by the name %p', async (name) => {
  const { runs, run } = nodeWith();
  await expect(run(name)).rejects.toMatchObject({ reason: 'MoveHookUnsafe' });
  expect(runs).toEqual([]);
});

test('the end of what a hook that failed has written is told', async () => {
  const { run } = nodeWith({}, { exitCode: 3, stdout: 'x'.repeat(3000), stderr: 'no such device\n' });
  await expect(run()).rejects.toMatchObject({
    reason: 'MoveHookFailed',
    message: expect.stringMatching(/vip release failed with exit code 3: x+no such device$/) as string,
  });
  await expect(nodeWith({}, { exitCode: 124 }).run()).rejects.toMatchObject({
    message: expect.stringContaining('did not end within 20 s') as string,
  });
});
