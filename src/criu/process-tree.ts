import { beginningOfMessage, isImage, messagesOf } from './image';
import { listFields, readFields } from './protobuf';

/** A process as CRIU dumped it, with the numbers that it has in the container. */
export interface ImageProcess {
  readonly pid: number;
  /** 0 of the first one. */
  readonly ppid: number;
  readonly threads: number;
}

/** Where the kernel has put a program when it was executed: random for each execution, kept by CRIU (measured). */
export interface ProgramAddresses {
  readonly code: number;
  readonly stack: number;
}

/** Field numbers of CRIU's images/pstree.proto, core.proto and mm.proto. */
const PID_FIELD = 1;
const PPID_FIELD = 2;
const THREADS_FIELD = 5;
const TASK_FIELD = 3;
const COMMAND_FIELD = 6;
const CODE_FIELD = 1;
const STACK_FIELD = 5;

/** PID_MAX_LIMIT of the kernel. */
const MAX_PID = 4_194_304;

/**
 * The process tree of a dump, each process after its parent.
 * @param image pstree.img
 * @returns undefined when it is not what CRIU writes
 */
export function parseProcessTree(image: Uint8Array): readonly ImageProcess[] | undefined {
  const messages = isImage(image, 'pstree') ? messagesOf(image) : undefined;
  if (messages === undefined || messages.length === 0) return undefined;
  const processes: ImageProcess[] = [];
  const pids = new Set<number>();
  for (const message of messages) {
    const fields = listFields(message);
    if (fields === undefined) return undefined;
    const one = new Map(fields);
    const pid = one.get(PID_FIELD);
    const ppid = one.get(PPID_FIELD);
    if (!isPid(pid) || pids.has(pid)) return undefined;
    // The first is the root; everyone else has a parent that is known by then.
    const known = pids.size === 0 ? ppid === 0 : isPid(ppid) && pids.has(ppid);
    if (typeof ppid !== 'number' || !known) return undefined;
    pids.add(pid);
    processes.push({ pid, ppid, threads: fields.filter(([field]) => field === THREADS_FIELD).length });
  }
  return processes;
}

/**
 * The name of a process, up to 15 bytes as `latin1`; undefined when there is none.
 * @param image core-<pid>.img
 */
export function parseCommand(image: Uint8Array): string | undefined {
  const [message] = (isImage(image, 'core') ? messagesOf(image) : undefined) ?? [];
  const task = message === undefined ? undefined : readFields(message)?.get(TASK_FIELD);
  const command = task instanceof Uint8Array ? readFields(task)?.get(COMMAND_FIELD) : undefined;
  return command instanceof Uint8Array ? Buffer.from(command).toString('latin1') : undefined;
}

/**
 * Where the program of a process lies; undefined when that is not told.
 * @param image mm-<pid>.img, or its beginning: the list of its memory areas, which may be long, comes last
 */
export function parseAddresses(image: Uint8Array): ProgramAddresses | undefined {
  if (!isImage(image, 'mm')) return undefined;
  const fields = new Map(listFields(beginningOfMessage(image), STACK_FIELD));
  const code = fields.get(CODE_FIELD);
  const stack = fields.get(STACK_FIELD);
  return typeof code === 'number' && typeof stack === 'number' ? { code, stack } : undefined;
}

function isPid(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 && value <= MAX_PID;
}
