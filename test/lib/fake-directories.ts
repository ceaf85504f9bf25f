import { pathsTo } from '../../src/agent/volumes/directory-rules';
import type {
  DirectoryNotes,
  HostDirectories,
  NotedDirectory,
  Ownership,
  PathPart,
} from '../../src/agent/volumes/host-directories-port';
import { ReasonedError } from '../../src/runtime/errors';
import type { FakeMounts } from './fake-mounts';

const ROOT: Ownership = { uid: 0, gid: 0, mode: '755' };

/**
 * Directories of one node, and what is noted of them. One that holds files is known by those (`FakeMounts.files`), and is
 * empty when it holds neither files nor other directories.
 */
export class FakeDirectories {
  /** Whose they are; root's when nothing else is said. */
  readonly owners = new Map<string, Ownership>();
  /** What is no directory. */
  readonly others = new Map<string, 'symlink' | 'other'>();
  readonly noted = new Map<string, readonly NotedDirectory[]>();
  readonly mountPoints: string[] = ['/'];
  /** What was put in the place of what containers have mounted. */
  readonly replaced = new Set<string>();
  readonly #files: FakeMounts['files'];

  constructor({ files }: Pick<FakeMounts, 'files'>) {
    this.#files = files;
  }

  /** Whether anything is there. */
  has(path: string): boolean {
    return path === '/' || this.others.has(path) || this.#files.has(path);
  }

  /** Every directory from the root on, all empty but for the next. */
  add(path: string): void {
    for (const part of pathsTo(path)) if (!this.has(part)) this.#files.set(part, {});
  }

  #isEmpty(path: string): boolean {
    const holds = [...this.#files.keys(), ...this.others.keys()].some((other) => other.startsWith(`${path}/`));
    return !holds && Object.keys(this.#files.get(path) ?? {}).length === 0;
  }

  access(): HostDirectories {
    const look = (path: string): PathPart[] =>
      pathsTo(path)
        .filter((part) => this.has(part))
        .map((part) => {
          const kind = this.others.get(part) ?? 'directory';
          const owner = this.owners.get(part) ?? ROOT;
          return { path: part, ...owner, kind, isEmpty: kind === 'directory' && this.#isEmpty(part) };
        });
    return {
      look: (path) => Promise.resolve(look(path)),
      isMounted: (path) => Promise.resolve(!this.replaced.has(path)),
      mountPoints: () => Promise.resolve(this.mountPoints),
      make: async (paths) => {
        for (const path of paths) {
          const parent = pathsTo(path).at(-2) ?? '/';
          if (this.has(path) || !this.has(parent))
            throw new ReasonedError('HostDirectoryFailed', `cannot make ${path}`);
          this.#files.set(path, {});
        }
        return Promise.resolve();
      },
      give: async (path, owner) => {
        if (!this.has(path)) throw new ReasonedError('HostDirectoryFailed', `no ${path}`);
        this.owners.set(path, owner);
        return Promise.resolve();
      },
      removeEmpty: (path) => {
        if (this.#isEmpty(path)) this.#files.delete(path);
        return Promise.resolve();
      },
    };
  }

  notes(): DirectoryNotes {
    return {
      read: (uid) => Promise.resolve(this.noted.get(uid) ?? []),
      write: (uid, directories) => {
        this.noted.set(uid, directories);
        return Promise.resolve();
      },
      forget: (uid) => {
        this.noted.delete(uid);
        return Promise.resolve();
      },
      list: () => Promise.resolve([...this.noted.keys()]),
    };
  }
}
