import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigFiles } from '../../../../src/driver/docker/config-swap';
import { ConfigSwap } from '../../../../src/driver/docker/config-swap';
import { useTemporaryDirectory } from '../../../lib/temporary-directory';

const directory = useTemporaryDirectory();
const PATH = '/etc/criu/runc.conf';

/** The files of a node; `dies` after so many changes more, as an agent that is killed. */
class Files implements ConfigFiles {
  readonly texts = new Map<string, string>();
  changesLeft = Infinity;

  look(path: string): ReturnType<ConfigFiles['look']> {
    const text = this.texts.get(path);
    return Promise.resolve({ kind: text === undefined ? 'missing' : 'regular', realPath: path, text });
  }

  writeBeside(path: string, text: string): Promise<string> {
    return this.#change(() => {
      this.texts.set(`${path}.new`, text);
      return `${path}.new`;
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#change(() => {
      this.texts.set(to, this.texts.get(from) ?? '');
      this.texts.delete(from);
    });
  }

  remove(path: string): Promise<void> {
    return this.#change(() => void this.texts.delete(path));
  }

  async #change<T>(what: () => T): Promise<T> {
    if (this.changesLeft-- <= 0) throw new Error('killed');
    return Promise.resolve(what());
  }
}

const noted = (): boolean => existsSync(join(directory(), 'criu-swap.json'));
const swapOn = (files: Files): ConfigSwap => new ConfigSwap(files, directory());

test.each([undefined, 'tcp-established\n'])('what was there is there again afterwards: %p', async (former) => {
  const files = new Files();
  if (former !== undefined) files.texts.set(PATH, former);
  const seen = await swapOn(files).during('ours\n', () => Promise.resolve(files.texts.get(PATH)));
  expect([seen, files.texts.get(PATH), noted()]).toEqual(['ours\n', former, false]);
});

test('also when the dump fails, whose error is told', async () => {
  const files = new Files();
  const work = swapOn(files).during('ours\n', () => Promise.reject(new Error('no room')));
  await expect(work).rejects.toThrow('no room');
  expect([files.texts.get(PATH), noted()]).toEqual([undefined, false]);
});

test('it is given back once, as soon as it has been read', async () => {
  const files = new Files();
  files.texts.set(PATH, 'theirs\n');
  await swapOn(files).during('ours\n', async (giveBack) => {
    await giveBack();
    expect(files.texts.get(PATH)).toBe('theirs\n');
    files.texts.set(PATH, 'changed since\n');
  });
  expect(files.texts.get(PATH)).toBe('changed since\n');
});

test('what somebody else writes meanwhile is left alone', async () => {
  const files = new Files();
  await swapOn(files).during('ours\n', () => Promise.resolve(files.texts.set(PATH, 'changed since\n')));
  expect([files.texts.get(PATH), noted()]).toEqual(['changed since\n', false]);
});

test.each([undefined, 'theirs\n'])('a killed agent leaves what the next life mends: %p', async (former) => {
  for (let changes = 0; changes < 6; changes++) {
    const files = new Files();
    if (former !== undefined) files.texts.set(PATH, former);
    files.changesLeft = changes;
    await swapOn(files)
      .during('ours\n', () => Promise.resolve())
      .catch(() => undefined);
    files.changesLeft = Infinity;
    await swapOn(files).recover();
    expect([changes, files.texts.get(PATH), noted()]).toEqual([changes, former, false]);
  }
});

test('what is neither a file nor missing is not touched', async () => {
  const files = new Files();
  files.look = (path) => Promise.resolve({ kind: 'other', realPath: path, text: undefined });
  expect(await swapOn(files).problem()).toContain(PATH);
  await expect(swapOn(files).during('ours\n', () => Promise.resolve())).rejects.toMatchObject({
    reason: 'CriuConfigUnusable',
  });
  expect(noted()).toBe(false);
});
