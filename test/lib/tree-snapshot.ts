import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';

/** Reads and writes extended attributes with perl's own system calls (x86-64): neither Node.js nor Debian has a way. */
const XATTRS = `
  use strict; my ($directory, $action) = @ARGV; local $/ = "\\0"; my @lines = <STDIN>; chomp @lines;
  sub bytes { my ($call, @given) = @_; my $size = syscall($call, @given, my $none = '', 0); return '' if $size <= 0;
    my $value = "\\0" x $size; syscall($call, @given, $value, $size); return $value }
  for my $line (@lines) {
    my ($path, $name, $hex) = split /\\t/, $line; my $file = "$directory/$path";
    if ($action eq 'list') {
      my @names = sort split /\\0/, bytes(195, $file);
      print join(' ', map { "$_=" . unpack('H*', bytes(192, $file, $_)) } @names), "\\0";
    } elsif (defined $hex) { my $value = pack('H*', $hex); syscall(189, $file, $name, $value, length $value, 0) == 0 or die "$file: $!" }
    else { syscall(198, $file, $name) == 0 or die "$file: $!" }
  }`;

function xattrs(directory: string, action: 'list' | 'change', lines: readonly string[]): string[] {
  const input = lines.map((line) => Buffer.from(`${line}\0`, 'latin1'));
  const answer = execFileSync('perl', ['-e', XATTRS, directory, action], { input: Buffer.concat(input) });
  return answer.toString('latin1').split('\0').slice(0, -1);
}

/** Sets an extended attribute; removes it without a value. */
export function setXattr(directory: string, path: string, name: string, hex?: string): void {
  xattrs(directory, 'change', [[path, name, ...(hex === undefined ? [] : [hex])].join('\t')]);
}

/** Everything that can be told of the files in a directory, one line each; times of access are left out. */
export function snapshot(directory: string): string[] {
  const listing = execFileSync('find', [directory, '-printf', '%P\\0']).toString('latin1');
  const paths = listing.split('\0').slice(0, -1).sort();
  const attributes = xattrs(directory, 'list', paths);
  const names = new Map<bigint, string>();
  return paths.map((path, position) => {
    const file = Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path, 'latin1')]);
    const { mode, uid, gid, nlink, size, blocks, rdev, mtimeNs, ino } = lstatSync(file, { bigint: true });
    const type = mode & 0o170000n;
    const isFile = type === 0o100000n;
    const first = names.get(ino) ?? path;
    names.set(ino, first);
    const content = isFile
      ? `${createHash('sha256').update(readFileSync(file)).digest('hex')} ${blocks * 512n < size ? 'holes' : 'whole'}`
      : type === 0o120000n
        ? readlinkSync(file, 'latin1')
        : '';
    const links = type === 0o040000n ? '' : `${nlink} ${first}`;
    const fields = [path, mode.toString(8), uid, gid, links, isFile ? size : '', rdev, mtimeNs, content];
    return [...fields, attributes[position]].join(' | ');
  });
}
