export interface CriuExplanation {
  /** Stable CamelCase word. */
  readonly reason: string;
  /** What is wrong and what to do. */
  readonly message: string;
  /** The lines of the log that matter, for a person to read. */
  readonly tail: string;
}

/**
 * Errors after which CRIU goes on (it may not raise its own file limit; its cgroup helper was told to end), and runc's
 * quotations of CRIU's log.
 */
const HARMLESS = [/RLIMIT_NOFILE/, /cgroupd: recv req error/, /level=warning/, /"level":"warning"/];

const TAIL_LINES = 10;

export const VOLUME_FULL = 'the shared volume is full: make room, or give the volume more space';

interface Rule {
  readonly pattern: RegExp;
  readonly reason: string;
  readonly message: string;
}

/**
 * What CRIU 4.x and runc say, and what it means to the owner of the container; the first that matches wins, causes
 * before consequences.
 */
const RULES: readonly Rule[] = [
  {
    pattern: /No space left on device|Disk quota exceeded/,
    reason: 'VolumeFull',
    message: VOLUME_FULL,
  },
  {
    pattern: /Can't get 1:(16|34) opt: Operation not supported/,
    reason: 'CriuUnusable',
    message: 'this CRIU is too old for the kernel: install CRIU 4.2 or newer',
  },
  {
    pattern: /criu\\?"?: executable file not found/,
    reason: 'CriuMissing',
    message: 'runc finds no criu on this node: install CRIU 4.2 or newer',
  },
  {
    pattern: /Connected TCP socket, consider using|Connected TCP socket in image/,
    reason: 'EstablishedConnections',
    message: 'the container holds an open TCP connection (one within the container counts too): close it and try again',
  },
  {
    pattern: /In-flight connection/,
    reason: 'ConnectionsInFlight',
    message: 'a client was just connecting, and the container had not accepted it yet: try again',
  },
  {
    pattern: /file locks are hold by dumping tasks/,
    reason: 'FileLocks',
    message: 'the container took a lock on a file just as it was frozen: try again',
  },
  {
    pattern: /Can't dump ghost file .* increase limit/,
    reason: 'GhostFileTooLarge',
    message: 'the container has a large deleted file open: close it, or restart the container, and try again',
  },
  {
    pattern: /Can't create link remap for/,
    reason: 'LinkRemapNeeded',
    message: 'the container has a file open by a name that was deleted while another hard link exists: close it',
  },
  {
    pattern: /fsnotify: .*Can't dump that handle/,
    reason: 'InotifyUnsupported',
    message: "the container watches a file of its image or writable layer with inotify, which CRIU can't carry over",
  },
  {
    // The kernel hands no descriptor of an io_uring on to another process.
    pattern: /io_uring|send_fds failed \(-22\)/,
    reason: 'IoUring',
    message: "the container uses io_uring, which CRIU can't carry over: switch it off in the application",
  },
  {
    pattern: /External socket is used/,
    reason: 'ExternalUnixSocket',
    message:
      'the container is connected to a Unix socket outside of it: close that connection and try again; or, when the ' +
      'other end is on the target at the same path too, allow it with spec.criu: ["ext-unix-sk"]',
  },
  {
    // Of a stream, or with the other end in another network namespace: `--ext-unix-sk` does not help (CRIU 4.2.1).
    pattern: /Can't dump half of stream unix|Unix socket \d+ without peer|unix: Dangling connection/,
    reason: 'ExternalUnixSocket',
    message:
      "the container is connected to a Unix socket outside of it, which CRIU can't carry over: close that connection",
  },
  {
    pattern: /Can't get rlimit/,
    reason: 'NotPermitted',
    message: 'this node may not read the limits of a process of another user: the node lacks CAP_SYS_RESOURCE',
  },
  {
    pattern: /Can't bind inet socket.*Cannot assign requested address/,
    reason: 'AddressNotAvailable',
    message: 'an address that the container listens on or is connected from does not exist on this node',
  },
  {
    pattern: /Can't (bind inet|listen on a) socket.*Address already in use/,
    reason: 'AddressInUse',
    message: 'a port that the container listens on is taken on this node',
  },
  {
    pattern: /File .* has bad (size|mode|build-ID)/i,
    reason: 'OpenFileChanged',
    message: 'a file that the container has open differs on this node: it must be the very same file',
  },
  {
    pattern: /Can't open file .*: No such file or directory/,
    reason: 'OpenFileMissing',
    message: 'a file that the container has open does not exist on this node: its volumes and mounts must be here too',
  },
  {
    pattern: /Can't remount .* with MS_PRIVATE/,
    reason: 'InitMountUnsupported',
    message:
      "the container was made with Docker's --init, whose mount CRIU can't restore: same versions on both nodes?",
  },
  {
    pattern: /Unexpected EOF on|Img trimmed|Magic doesn't match|Unknown magic/,
    reason: 'CheckpointCorrupt',
    message: 'a file of the checkpoint is missing or damaged',
  },
];

/** What runc says when the connection to its CRIU ends before CRIU has answered. Measured with runc 1.3.6. */
const CRIU_GONE = /unixpacket .*(EOF|connection reset|broken pipe)|unexpected EOF/;
/** A line in which CRIU itself, not runc, tells of an error: `(00.123456) Error (cr-dump.c:123): …`. */
const CRIU_ERROR = /\bError \(/;

const KILLED = {
  dump: ['CriuKilled', 'CRIU was killed while it dumped the container'],
  restore: ['RestoreInterrupted', 'CRIU was killed while it restored the container'],
} as const;

/** What a failed dump or restore died of, as far as its log (with what runc said at the end) tells. */
export function explainCriuLog(log: string, during: 'dump' | 'restore'): CriuExplanation {
  const lines = log.split('\n').filter((line) => line.trim() !== '' && !HARMLESS.some((noise) => noise.test(line)));
  const errors = lines.filter((line) => /\bError\b|level=error|"level":"error"/.test(line));
  const telling = errors.length > 0 ? errors : lines;
  const tail = telling.slice(-TAIL_LINES).join('\n');
  const rule = RULES.find(({ pattern }) => telling.some((line) => pattern.test(line)));
  if (rule !== undefined) return { reason: rule.reason, message: rule.message, tail };
  // A CRIU that fails says so; one that is killed says nothing, and runc hears the end of the connection.
  if (!errors.some((line) => CRIU_ERROR.test(line)) && errors.some((line) => CRIU_GONE.test(line))) {
    const [reason, message] = KILLED[during];
    return { reason, message, tail: lines.slice(-TAIL_LINES).join('\n') };
  }
  const [reason, action] =
    during === 'dump' ? ['CriuDumpFailed', 'freeze the container'] : ['CriuRestoreFailed', 'wake the container up'];
  const said = errors.length > 0 ? `; it says: ${firstError(errors)}` : ' and left no error in its log';
  return { reason, message: `CRIU could not ${action}${said}`, tail };
}

/** The first error is the cause, mostly; the later ones are those who gave up because of it. */
function firstError(errors: readonly string[]): string {
  const line = errors[0] ?? '';
  return line.replace(/^\(\d+\.\d+\)\s*(\d+:\s*)?Error \([^)]*\):\s*/, '').slice(0, 300);
}
