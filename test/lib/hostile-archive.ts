/** One member of a tar archive as an attacker would write it, whatever GNU tar itself would make of such a file. */
export interface Member {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'device' | 'pax';
  /** Where a link leads. */
  readonly target?: string;
  readonly content?: string;
}

const TYPES = { file: '0', hardlink: '1', symlink: '2', device: '3', directory: '5', pax: 'x' } as const;
const BLOCK = 512;

/** A ustar archive (POSIX.1-1988) with these members in their order, owned by this process's user. */
export function archiveOf(members: readonly Member[]): Buffer {
  return Buffer.concat([...members.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)]);
}

function blocksOf({ name, type, target = '', content = '' }: Member): Buffer[] {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number): void => {
    header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  };
  header.write(name, 0, 100, 'latin1');
  octal(type === 'directory' ? 0o755 : 0o644, 100, 8);
  octal(process.getuid?.() ?? 0, 108, 8);
  octal(process.getgid?.() ?? 0, 116, 8);
  octal(content.length, 124, 12);
  octal(1_700_000_000, 136, 12);
  header.write('        ', 148, 'latin1');
  header.write(TYPES[type], 156, 'latin1');
  header.write(target, 157, 100, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  octal(0, 329, 8);
  octal(0, 337, 8);
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  const padded = Buffer.alloc(Math.ceil(content.length / BLOCK) * BLOCK);
  padded.write(content, 'latin1');
  return [header, padded];
}
