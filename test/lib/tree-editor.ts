import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setXattr } from './tree-snapshot';

const CAPABILITY = '0100000200200000000000000000000000000000';
const ACL = '0200000001000700ffffffff02000500e803000004000500ffffffff10000500ffffffff20000500ffffffff';
const LONG_AGO = new Date('2020-02-02T02:02:02.123Z');

/** Changes files below a directory, as a container does it. Paths are below it. */
export class TreeEditor {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  at(path: string): string {
    return join(this.#root, path);
  }

  write(path: string, content = path): void {
    writeFileSync(this.at(path), content);
  }

  /** A file by a name of any bytes. */
  writeBytes(name: Uint8Array): void {
    writeFileSync(Buffer.concat([Buffer.from(`${this.#root}/`), name]), 'x');
  }

  read(path: string): string {
    return readFileSync(this.at(path), 'utf8');
  }

  mkdir(path: string): void {
    mkdirSync(this.at(path));
  }

  remove(path: string): void {
    rmSync(this.at(path), { recursive: true });
  }

  removeAll(): void {
    for (const name of readdirSync(this.#root)) this.remove(name);
  }

  rename(from: string, to: string): void {
    renameSync(this.at(from), this.at(to));
  }

  link(from: string, to: string): void {
    linkSync(this.at(from), this.at(to));
  }

  symlink(target: string, path: string): void {
    symlinkSync(target, this.at(path));
  }

  /** What overlayfs makes of a deleted file of the image. */
  whiteout(path: string): void {
    execFileSync('mknod', [this.at(path), 'c', '0', '0'], { stdio: 'ignore' });
  }

  fifo(path: string): void {
    execFileSync('mkfifo', [this.at(path)]);
  }

  chmod(path: string, mode: number): void {
    chmodSync(this.at(path), mode);
  }

  chown(path: string, uid: number, gid: number): void {
    chownSync(this.at(path), uid, gid);
  }

  truncate(path: string, sizeBytes: number): void {
    truncateSync(this.at(path), sizeBytes);
  }

  /** Sets the time of modification to one that is long ago, always the same. */
  age(path: string): void {
    lutimesSync(this.at(path), LONG_AGO, LONG_AGO);
  }

  makeOpaque(path: string): void {
    setXattr(this.#root, path, 'trusted.overlay.opaque', '79');
  }

  makeTransparent(path: string): void {
    setXattr(this.#root, path, 'trusted.overlay.opaque');
  }

  makeCapable(path: string): void {
    setXattr(this.#root, path, 'security.capability', CAPABILITY);
  }

  makeIncapable(path: string): void {
    setXattr(this.#root, path, 'security.capability');
  }

  setAccessLists(path: string): void {
    for (const kind of ['access', 'default']) setXattr(this.#root, path, `system.posix_acl_${kind}`, ACL);
  }
}

/** Files of every kind that a copy may spoil. */
export function makeFiles(tree: TreeEditor): void {
  for (const name of ['a', 'a/b', 'c', 'opaque', 'empty']) tree.mkdir(name);
  for (const name of ['a/one', 'a/b/two', 'c/three', 'c/four', 'opaque/five', 'six']) tree.write(name);
  tree.link('c/three', 'a/linked');
  tree.symlink('/etc/shadow', 'a/absolute');
  tree.symlink('../c', 'a/relative');
  tree.makeOpaque('opaque');
  tree.makeCapable('c/four');
  tree.whiteout('deleted');
  tree.fifo('fifo');
}
