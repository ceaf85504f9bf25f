import fc from 'fast-check';
import { parseAddresses, parseCommand, parseProcessTree } from '../../../src/criu/process-tree';
import { criuFixture } from '../../lib/driver-setup';

// A Python program with three threads besides its first, which block every signal, a child and a grandchild: dumped by
// CRIU 4.2.1, and what /proc/PID/stat said of it then.
const pstree = criuFixture('tree-pstree.img');
const core = criuFixture('tree-core-1.img');
const mm = criuFixture('tree-mm-1.img');
const TREE = [
  { pid: 1, ppid: 0, threads: 4 },
  { pid: 7, ppid: 1, threads: 1 },
  { pid: 8, ppid: 7, threads: 1 },
];

test('the process tree of a real dump', () => {
  expect(parseProcessTree(pstree)).toEqual(TREE);
});

test.each([
  ['the first process, all of whose signals are blocked', 'tree-core-1.img', 'python3'],
  ['another one', 'tree-core-7.img', 'python3'],
  ['a thread, which has none of its own', 'tree-core-thread.img', undefined],
])('the name of %s', (_what, image, command) => {
  expect(parseCommand(criuFixture(image))).toBe(command);
});

test('where the program lies, of the beginning of the image already', () => {
  const addresses = { code: 4321280, stack: 140731825447264 };
  expect(parseAddresses(mm)).toEqual(addresses);
  expect(parseAddresses(mm.subarray(0, 128))).toEqual(addresses);
  expect(parseAddresses(mm.subarray(0, 20))).toBeUndefined();
});

test('an image of another kind is none', () => {
  expect([parseProcessTree(core), parseCommand(mm), parseAddresses(pstree)]).toEqual([undefined, undefined, undefined]);
});

/** An image of the tree with entries `[pid, ppid]`, made as CRIU makes it. */
function imageOf(...entries: (readonly [pid: number, ppid: number])[]): Buffer {
  const messages = entries.map(([pid, ppid]) => {
    const message = Buffer.from([0x08, ...varint(pid), 0x10, ...varint(ppid), 0x28, ...varint(pid)]);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(message.length);
    return Buffer.concat([length, message]);
  });
  return Buffer.concat([pstree.subarray(0, 8), ...messages]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))];
}

test.each<[string, Uint8Array]>([
  ['nothing', Buffer.alloc(0)],
  ['the header alone', pstree.subarray(0, 8)],
  ['half a header', pstree.subarray(0, 6)],
  ['an image that ends in the middle', pstree.subarray(0, -1)],
  ['an image that ends in a length', pstree.subarray(0, 30)],
  ['a process without a number', Buffer.concat([pstree.subarray(0, 8), Buffer.from([2, 0, 0, 0, 0x10, 0])])],
  ['an entry without fields', Buffer.concat([pstree.subarray(0, 8), Buffer.alloc(4)])],
  ['a number twice', imageOf([1, 0], [2, 1], [2, 1])],
  ['a process before its parent', imageOf([1, 0], [3, 2], [2, 1])],
  ['two roots', imageOf([1, 0], [2, 0])],
  ['a root with a parent', imageOf([2, 1], [1, 2])],
  ['a process that is its own parent', imageOf([1, 0], [2, 2])],
  ['PID 0', imageOf([0, 0])],
  ['a PID that no kernel gives', imageOf([4_194_305, 0])],
  ['a number of 64 bits', imageOf([2 ** 63, 0])],
])('%s is no process tree', (_what, image) => {
  expect(parseProcessTree(image)).toBeUndefined();
});

test('what imageOf makes is one', () => {
  expect(parseProcessTree(imageOf([1, 0], [4_194_304, 1]))?.map(({ pid }) => pid)).toEqual([1, 4_194_304]);
});

/** Bytes of nobody, and real images of which some bytes were changed or cut off. */
const hostile = fc.oneof(
  fc.uint8Array({ maxLength: 96 }),
  fc
    .record({
      image: fc.constantFrom(pstree, core, mm),
      kind: fc.constantFrom(pstree, core, mm),
      changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      keep: fc.nat(),
    })
    .map(({ image, kind, changes, keep }) => {
      const bytes = Uint8Array.from(image.subarray(0, 8 + (keep % image.length)));
      bytes.set(kind.subarray(0, 8));
      for (const [at, byte] of changes) if (bytes.length > 8) bytes[8 + (at % (bytes.length - 8))] = byte;
      return bytes;
    }),
);

test('no bytes make a reader fail, and what it reads is a tree', () => {
  fc.assert(
    fc.property(hostile, (bytes) => {
      const [root, ...others] = parseProcessTree(bytes) ?? [];
      if (root !== undefined) {
        const pids = [root, ...others].map(({ pid }) => pid);
        expect(root.ppid).toBe(0);
        expect(new Set(pids).size).toBe(pids.length);
        others.forEach(({ ppid }, index) => {
          expect(pids.slice(0, index + 1)).toContain(ppid);
        });
      }
      expect(parseCommand(bytes)?.length ?? 0).toBeLessThanOrEqual(bytes.length);
      const { code, stack } = parseAddresses(bytes) ?? { code: 0, stack: 0 };
      expect(Number.isFinite(code) && Number.isFinite(stack)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
