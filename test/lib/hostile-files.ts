import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** What somebody with access to the volume does to one file of a checkpoint. */
export interface Damage {
  readonly what: string;
  /** @param elsewhere a path that is free, outside of the checkpoint but on the same file system */
  readonly to: (path: string, elsewhere: string) => void;
}

type Harm = Damage['to'];

const truncate: Harm = (path) => {
  truncateSync(path, statSync(path).size - 1);
};
const empty: Harm = (path) => {
  truncateSync(path, 0);
};
const lengthen: Harm = (path) => {
  appendFileSync(path, '\0');
};
const makeSparse: Harm = (path) => {
  truncateSync(path, 2 ** 43);
};
const flipFirst: Harm = (path) => {
  flipBit(path, 0);
};
const flipLast: Harm = (path) => {
  flipBit(path, statSync(path).size * 8 - 1);
};
const linkToItself: Harm = (path, elsewhere) => {
  renameSync(path, elsewhere);
  symlinkSync(elsewhere, path);
};
const nameTwice: Harm = (path, elsewhere) => {
  copyFileSync(path, elsewhere);
  rmSync(path);
  linkSync(elsewhere, path);
};
const nameAnother: Harm = (path, elsewhere) => {
  writeFileSync(elsewhere, 'root:*:19000:0:99999:7:::\n');
  rmSync(path);
  linkSync(elsewhere, path);
};
const makeDirectory: Harm = (path) => {
  rmSync(path);
  mkdirSync(path);
};
const putIntoDirectory: Harm = (path, elsewhere) => {
  renameSync(path, elsewhere);
  mkdirSync(path);
  renameSync(elsewhere, join(path, 'file'));
};
const linkTo =
  (target: string): Harm =>
  (path) => {
    rmSync(path);
    symlinkSync(target, path);
  };
const makeWith =
  (program: string, ...args: string[]): Harm =>
  (path) => {
    rmSync(path);
    execFileSync(program, [path, ...args]);
  };

/** Every way in which a file is not what it was, that is seen at once. */
export const DAMAGES: readonly Damage[] = [
  { what: 'truncated', to: truncate },
  { what: 'emptied', to: empty },
  { what: 'made longer', to: lengthen },
  { what: 'made sparse, eight terabytes large', to: makeSparse },
  { what: 'changed in its first bit', to: flipFirst },
  { what: 'changed in its last bit', to: flipLast },
  { what: 'replaced by a symlink to the same bytes', to: linkToItself },
  { what: 'replaced by a symlink to /etc/passwd', to: linkTo('/etc/passwd') },
  { what: 'replaced by a symlink to an endless device', to: linkTo('/dev/zero') },
  { what: 'replaced by a symlink that leads nowhere', to: linkTo('/nowhere') },
  { what: 'replaced by a hard link to the same bytes', to: nameTwice },
  { what: 'replaced by a hard link to something else', to: nameAnother },
  { what: 'replaced by a FIFO that nobody writes to', to: makeWith('mkfifo') },
  // The only device that may be made without root.
  { what: 'replaced by a device', to: makeWith('mknod', 'c', '0', '0') },
  { what: 'replaced by an empty directory', to: makeDirectory },
  { what: 'replaced by a directory with the file in it', to: putIntoDirectory },
];

export function flipBit(path: string, bit: number): void {
  const bytes = readFileSync(path);
  const index = Math.floor(bit / 8);
  bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit % 8));
  writeFileSync(path, bytes);
}

export function swapFiles(first: string, second: string): void {
  const [left, right] = [readFileSync(first), readFileSync(second)];
  writeFileSync(first, right);
  writeFileSync(second, left);
}
