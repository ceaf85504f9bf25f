import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { explainCriuLog } from '../../../src/criu/log';

const fixture = (name: string): string => readFileSync(join(__dirname, '../../fixtures/criu', `${name}.log`), 'utf8');

describe('logs of CRIU 4.2.1, as real failures left them', () => {
  test.each([
    ['dump-established', 'EstablishedConnections', 'Connected TCP socket'],
    ['dump-in-flight', 'ConnectionsInFlight', 'In-flight connection'],
    ['dump-file-locks', 'FileLocks', '--file-locks'],
    ['dump-ghost-file', 'GhostFileTooLarge', '5242880'],
    ['dump-link-remap', 'LinkRemapNeeded', '/del'],
    ['dump-io-uring', 'IoUring', 'send_fds failed'],
    ['dump-external-unix-socket', 'ExternalUnixSocket', 'External socket'],
    ['dump-volume-full', 'VolumeFull', 'No space left on device'],
    ['restore-open-file-missing', 'OpenFileMissing', "Can't open file f"],
    ['restore-open-file-changed', 'OpenFileChanged', 'bad size 7'],
    ['restore-address-in-use', 'AddressInUse', 'Address already in use'],
    ['restore-image-missing', 'CheckpointCorrupt', 'Unexpected EOF'],
    ['restore-image-damaged', 'CheckpointCorrupt', 'Img trimmed'],
    ['restore-init', 'InitMountUnsupported', 'MS_PRIVATE'],
  ])('%s is %s', (name, reason, telling) => {
    const explanation = explainCriuLog(fixture(name), name.startsWith('dump') ? 'dump' : 'restore');
    expect(explanation).toMatchObject({ reason, tail: expect.stringContaining(telling) as string });
    expect(explanation.tail).not.toMatch(/RLIMIT_NOFILE|cgroupd/);
  });
});

test.each([
  ["Error (criu/sockets.c:628): sockets: Can't get 1:16 opt: Operation not supported", 'CriuUnusable'],
  ["Error (criu/cr-dump.c:389): Can't get rlimit 0: Operation not permitted", 'NotPermitted'],
  ["Error (soccr/soccr.c:499): Can't bind inet socket back: Cannot assign requested address", 'AddressNotAvailable'],
  ['Error (criu/sk-unix.c:418): unix: Unix socket 9518440 without peer 9517966', 'ExternalUnixSocket'],
  ['Error (criu/sk-unix.c:479): unix: Dangling connection 9521662', 'ExternalUnixSocket'],
  ["Error (criu/fsnotify.c:273): fsnotify: \tCan't dump that handle", 'InotifyUnsupported'],
  ['time="2026-11-22T16:50:01Z" level=error msg="exec: \\"criu\\": executable file not found in $PATH"', 'CriuMissing'],
])('%s is %s', (line, reason) => {
  expect(explainCriuLog(`(00.1) fine\n(00.2) ${line}\n`, 'dump').reason).toBe(reason);
});

describe('a CRIU that was killed', () => {
  const log = [
    "(00.001191) Error (criu/util.c:1534): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted",
    '(00.35) page-xfer: buf 100/1',
    'time="2026-11-22T19:25:48Z" level=error msg="read unixpacket @->@: EOF"',
  ];

  test.each([
    ['dump', 'CriuKilled'],
    ['restore', 'RestoreInterrupted'],
  ] as const)('at its %s is known by its silence', (during, reason) => {
    const { tail, ...explanation } = explainCriuLog(log.join('\n'), during);
    expect(explanation).toMatchObject({ reason });
    expect(tail).toContain('page-xfer');
  });

  test('had no reason of its own to end', () => {
    const withError = [...log, '(00.36) Error (criu/new.c:1): new: the cause'].join('\n');
    expect(explainCriuLog(withError, 'dump').reason).toBe('CriuDumpFailed');
  });
});

describe('an error that nobody has named', () => {
  const log = [
    '(00.000001) all is well',
    "(00.000002) Error (criu/util.c:1534): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted",
    '(00.000003)      1: Error (criu/new.c:1): new: the cause',
    '(00.000004) Error (criu/cr-dump.c:1975): Dumping FAILED.',
  ].join('\n');

  test('is told by its first line, which is the cause of the others', () => {
    expect(explainCriuLog(log, 'dump')).toEqual({
      reason: 'CriuDumpFailed',
      message: 'CRIU could not freeze the container; it says: new: the cause',
      tail: log.split('\n').slice(2).join('\n'),
    });
    expect(explainCriuLog(log, 'restore').reason).toBe('CriuRestoreFailed');
  });

  test('is told by the end of a log without any error', () => {
    expect(explainCriuLog('(00.1) one\n(00.2) two\n', 'dump')).toEqual({
      reason: 'CriuDumpFailed',
      message: 'CRIU could not freeze the container and left no error in its log',
      tail: '(00.1) one\n(00.2) two',
    });
    expect(explainCriuLog('', 'restore')).toMatchObject({ reason: 'CriuRestoreFailed', tail: '' });
  });

  test.each(['dump-runc-stderr', 'restore-runc'])('what runc quotes of the log is not told twice: %s', (name) => {
    expect(explainCriuLog(fixture(name), 'dump').tail).toMatch(/^.*criu failed: type (DUMP|RESTORE) errno 0.*$/);
  });
});
