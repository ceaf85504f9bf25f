import { ConfigLock } from '../../../../src/driver/docker/config-lock';

/** Work that ends when it is told to. */
class Work {
  static readonly order: string[] = [];
  end: (error?: Error) => void = () => undefined;

  constructor(readonly name: string) {}

  readonly run = (): Promise<void> => {
    Work.order.push(this.name);
    return new Promise((resolve, reject) => {
      this.end = (error) => {
        if (error === undefined) resolve();
        else reject(error);
      };
    });
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => Work.order.splice(0));

test('who leaves it as it is goes beside others; who changes it goes alone, in the order of asking', async () => {
  const lock = new ConfigLock();
  const [a, b, c, d, e] = ['a', 'b', 'change', 'd', 'change too'].map((name) => new Work(name));
  if (a === undefined || b === undefined || c === undefined || d === undefined || e === undefined) throw new Error();
  const all = [lock.shared(a.run), lock.shared(b.run), lock.alone(c.run), lock.shared(d.run), lock.alone(e.run)];
  await settled();
  expect(Work.order).toEqual(['a', 'b']);
  a.end();
  await settled();
  expect(Work.order).toEqual(['a', 'b']);
  b.end();
  await settled();
  expect(Work.order).toEqual(['a', 'b', 'change']);
  c.end();
  await settled();
  expect(Work.order).toEqual(['a', 'b', 'change', 'd']);
  d.end();
  await settled();
  expect(Work.order).toEqual(['a', 'b', 'change', 'd', 'change too']);
  e.end();
  await Promise.all(all);
});

test('work that fails keeps nobody waiting, and its error is its own', async () => {
  const lock = new ConfigLock();
  await expect(lock.alone(() => Promise.reject(new Error('a')))).rejects.toThrow('a');
  await expect(lock.shared(() => Promise.reject(new Error('b')))).rejects.toThrow('b');
  expect(await lock.alone(() => Promise.resolve('c'))).toBe('c');
  expect(await lock.shared(() => Promise.resolve('d'))).toBe('d');
});
