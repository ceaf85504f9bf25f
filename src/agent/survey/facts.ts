import type { HostPort } from '../../docker/needs';
import type { VolumeSpeed } from '../../store/volume-speed';

/** What the kernel says of the processes of one running container. */
export interface ContainerFacts {
  /** Memory that CRIU would write, in bytes: anonymous, shared and swapped out; files that can be read again are not. */
  readonly memoryBytes: number;
  /** What lies in tmpfs mounts of its own. */
  readonly tmpfsBytes: number;
  /** Files in /dev/shm. */
  readonly sharedMemoryFiles: number;
  /** What the container changed of its image's files. */
  readonly writableLayerBytes: number;
  /** Processes that have an io_uring open. */
  readonly ioUring: readonly number[];
  /** Processes that do not run as root, by any of their user and group IDs. */
  readonly notRoot: readonly number[];
  /** Mounts of a network filesystem, among them those that Docker made. */
  readonly networkMounts: readonly { readonly mountPoint: string; readonly fsType: string }[];
  /** Where parts of the node's own filesystems are mounted, among them those that Docker mounted. */
  readonly hostMounts: readonly string[];
  /** Its TCP sockets that listen and its UDP sockets, with the addresses they are bound to. */
  readonly bound: readonly HostPort[];
  /** How many of its UDP sockets are connected to a peer. */
  readonly connectedUdp: number;
}

/** What an agent sees of its node, as plain facts: what follows from them is decided elsewhere. */
export interface NodeFacts {
  /** `x86_64` */
  readonly machine: string;
  /** `uname -r` */
  readonly kernel: string;
  /** Versions; undefined when the program does not tell. */
  readonly criu: string | undefined;
  readonly runc: string | undefined;
  /** All flags of the first processor in /proc/cpuinfo; nodes with different processors in one machine do not exist. */
  readonly cpuFlags: readonly string[];
  readonly memory: { readonly totalBytes: number; readonly availableBytes: number };
  /** Whether a program that the agent starts has CAP_SYS_RESOURCE: without it CRIU can only dump root's processes. */
  readonly hasSysResource: boolean;
  /** What listens on the node itself. */
  readonly listeners: readonly HostPort[];
  /** The node's own IP addresses. */
  readonly addresses: readonly string[];
  /** Undefined when it was not asked for. */
  readonly volume: VolumeSpeed | undefined;
  /** Undefined when no container was asked for. */
  readonly container: ContainerFacts | undefined;
}

/** What to look at besides the node itself. */
export interface Survey {
  /** A running container: its first process, and its writable layer where the storage driver shows it. */
  readonly container?: { readonly pid: number; readonly upperDir: string | undefined };
  /** Whether the shared volume is tried: not when it is known to be unusable. */
  readonly volume: boolean;
}
