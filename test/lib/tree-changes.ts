import type { TreeEditor } from './tree-editor';

type Change = readonly [what: string, change: (tree: TreeEditor) => void];

/** The same thing is something else afterwards. */
const become = (path: string, make: (tree: TreeEditor) => void): Change[1] => {
  return (tree) => {
    tree.remove(path);
    make(tree);
  };
};

/** What may happen to the files of makeFiles while they are on their way. */
export function changes(): readonly Change[] {
  return [
    ['nothing', () => undefined],
    [
      'a new file, and a new directory',
      (tree) => {
        tree.write('new');
        tree.mkdir('d');
        tree.write('d/new');
      },
    ],
    [
      'a file is overwritten in its place, with the size and the time that it had',
      (tree) => {
        tree.age('six');
        tree.write('six', 'SIX');
        tree.age('six');
      },
    ],
    [
      'a file is replaced by renaming another one',
      (tree) => {
        tree.write('other');
        tree.rename('other', 'six');
      },
    ],
    [
      'a file is deleted, and a directory',
      (tree) => {
        tree.remove('a/one');
        tree.remove('c');
      },
    ],
    [
      'a directory is renamed',
      (tree) => {
        tree.rename('a', 'z');
      },
    ],
    [
      'two directories change names',
      (tree) => {
        tree.rename('a', 'x');
        tree.rename('c', 'a');
        tree.rename('x', 'c');
      },
    ],
    [
      'a file becomes a directory',
      become('six', (tree) => {
        tree.mkdir('six');
        tree.write('six/in');
      }),
    ],
    [
      'a directory becomes a file',
      become('a', (tree) => {
        tree.write('a');
      }),
    ],
    [
      'a directory becomes a whiteout',
      become('a', (tree) => {
        tree.whiteout('a');
      }),
    ],
    [
      'a file becomes a whiteout',
      become('six', (tree) => {
        tree.whiteout('six');
      }),
    ],
    [
      'a whiteout becomes a directory',
      become('deleted', (tree) => {
        tree.mkdir('deleted');
        tree.makeOpaque('deleted');
        tree.write('deleted/in');
      }),
    ],
    [
      'a directory becomes a symlink out of the tree',
      become('a', (tree) => {
        tree.symlink('/etc', 'a');
      }),
    ],
    [
      'a symlink becomes a directory',
      become('a/absolute', (tree) => {
        tree.mkdir('a/absolute');
        tree.write('a/absolute/in');
      }),
    ],
    [
      'a symlink leads elsewhere',
      become('a/relative', (tree) => {
        tree.symlink('b', 'a/relative');
      }),
    ],
    [
      'a directory becomes opaque, a file capable, another one incapable; access lists',
      (tree) => {
        tree.makeOpaque('a');
        tree.makeCapable('six');
        tree.makeIncapable('c/four');
        tree.setAccessLists('c');
      },
    ],
    [
      'modes and owners, of the tree itself too',
      (tree) => {
        tree.chown('c', 1000, 999);
        tree.chmod('six', 0o6755);
        tree.chmod('a', 0o1700);
        tree.chmod('', 0o710);
      },
    ],
    [
      'a hard link is added',
      (tree) => {
        tree.link('six', 'a/six');
      },
    ],
    [
      'a hard link is taken away',
      (tree) => {
        tree.remove('a/linked');
      },
    ],
    [
      'a hard link becomes a file of its own',
      become('a/linked', (tree) => {
        tree.write('a/linked', tree.read('c/three'));
      }),
    ],
    [
      'a file with two names is written to',
      (tree) => {
        tree.write('a/linked', 'both');
      },
    ],
    [
      'a file loses what it had and becomes a hole, another one grows',
      (tree) => {
        tree.truncate('six', 0);
        tree.truncate('six', 4_000_000);
        tree.truncate('large', 9_000_000);
      },
    ],
    [
      'names of any bytes',
      (tree) => {
        tree.writeBytes(Uint8Array.of(0xff, 0x0a, 0x5c));
        tree.write('-rf');
        tree.write(' é\t');
      },
    ],
    [
      'the times of a directory and of a symlink',
      (tree) => {
        tree.age('a/b');
        tree.age('a/relative');
      },
    ],
    [
      'all is deleted',
      (tree) => {
        tree.removeAll();
      },
    ],
  ];
}
