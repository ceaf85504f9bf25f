import { execFileSync } from 'node:child_process';
import { linkSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLogEnd } from '../../../src/criu/log-file';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const root = useTemporaryDirectory();
const at = (name: string): string => join(root(), name);

test('the end of a log, however long it is', async () => {
  writeFileSync(at('short.log'), 'a line\n');
  expect(await readLogEnd(at('short.log'))).toBe('a line\n');
  writeFileSync(at('long.log'), 'x');
  truncateSync(at('long.log'), 2 ** 40);
  expect(await readLogEnd(at('long.log'))).toHaveLength(262_144);
});

test('of a log that is missing: nothing', async () => {
  expect(await readLogEnd(at('none.log'))).toBe('');
});

test.each<[string, (path: string) => void]>([
  [
    'a symlink to a file of the node',
    (path) => {
      symlinkSync(at('secret'), path);
    },
  ],
  [
    'a hard link to another file',
    (path) => {
      linkSync(at('secret'), path);
    },
  ],
  ['a FIFO that nobody writes to', (path) => execFileSync('mkfifo', [path])],
])('%s is not read: what is read is published', async (_what, make) => {
  writeFileSync(at('secret'), 'password');
  make(at('restore.log'));
  expect(await readLogEnd(at('restore.log'))).toBe('');
});
