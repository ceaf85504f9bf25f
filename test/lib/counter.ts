/** Shell script for the busybox image that prints 1, 2, 3… */
export function counterScript(intervalMicroseconds: number): string {
  return `i=0; while :; do i=$((i+1)); echo $i; usleep ${intervalMicroseconds}; done`;
}

/** Fails unless the lines, of both nodes one after the other, count from 1 on without a gap or a repeat, to `least` or further. */
export function expectUnbroken(lines: readonly string[], least: number): void {
  expect(lines).toEqual(lines.map((_line, index) => String(index + 1)));
  expect(lines.length).toBeGreaterThanOrEqual(least);
}

/**
 * Python program that holds `mebibytes` of memory, none of it zero, and prints 1, 2, 3… every 20 ms: its dump, digest
 * and restore take hundreds of milliseconds each, long enough to be interrupted.
 */
export function bigCounterProgram(mebibytes: number): string {
  return `
import itertools, time
held = bytearray(b"x1y2") * (${mebibytes} << 18)
for i in itertools.count(1):
    print(i, flush=True)
    time.sleep(0.02)
`;
}
