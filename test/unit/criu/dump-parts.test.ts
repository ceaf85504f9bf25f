import fc from 'fast-check';
import { dumpParts } from '../../../src/criu/dump-parts';

/** Lines of a real dump (CRIU 4.2.1), most of them left out. */
const log = `(00.000000) CRIU run id = 892a08fc-5314-4c1f-8b29-c6f1d399128f
(00.002068) Dumping processes (pid: 351 comm: sh)
(00.006270) Running network-lock scripts
(00.060205) Dumping path for 0 fd via self 0 [/]
(00.060299) ========================================
(00.060301) Dumping task (pid: 351 comm: sh)
(00.150000) Dumping task (pid: 360 comm: usleep)
(00.355700) Running network-unlock scripts
(00.421500) Unfreezing tasks into 1
(00.421800) Dumping finished successfully
`;

const rounded = (endMs: number, text = log): unknown =>
  dumpParts(text, endMs).map(({ name, startMs, durationMs }) => [name, Math.round(startMs), Math.round(durationMs)]);

test('the parts of a dump follow one another, from the end of the log backwards', () => {
  expect(rounded(100_000)).toEqual([
    ['criu', 99_578, 422],
    ['criu freezes', 99_580, 4],
    ['criu locks the network', 99_584, 54],
    ['criu dumps processes', 99_639, 295],
    ['criu unlocks the network', 99_934, 66],
    ['criu lets go', 100_000, 0],
  ]);
});

test('a dump that ended early has the parts that it came to', () => {
  const early = log.split('\n').slice(0, 3).join('\n');
  expect(rounded(1_000, early)).toEqual([
    ['criu', 994, 6],
    ['criu freezes', 996, 4],
    ['criu locks the network', 1_000, 0],
  ]);
});

test('no log has none, and no text makes it fail', () => {
  expect(dumpParts('', 0)).toEqual([]);
  fc.assert(fc.property(fc.string(), (text) => dumpParts(text, 0).every(({ durationMs }) => durationMs >= 0)));
});
