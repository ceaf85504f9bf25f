import type { ContainerFacts, NodeFacts } from '../../src/agent/survey/facts';

const GIB = 1024 ** 3;

/** Processes of which CRIU can dump everything. */
export const CONTAINER_FACTS: ContainerFacts = {
  memoryBytes: 1024 ** 2,
  tmpfsBytes: 0,
  sharedMemoryFiles: 0,
  writableLayerBytes: 0,
  ioUring: [],
  notRoot: [],
  networkMounts: [],
  hostMounts: [],
  bound: [],
  connectedUdp: 0,
};

/** A node on which nothing stands against a move, but for what the case changes. */
export function nodeFacts(changes: Partial<NodeFacts> = {}): NodeFacts {
  return {
    machine: 'x86_64',
    kernel: '6.18.44',
    criu: '4.2.1',
    runc: '1.3.6',
    cpuFlags: ['fpu', 'sse2', 'avx2'],
    memory: { totalBytes: 4 * GIB, availableBytes: 2 * GIB },
    hasSysResource: true,
    listeners: [],
    addresses: [],
    volume: { freeBytes: 10 * GIB, writeBytesPerSecond: 100_000_000, readBytesPerSecond: 200_000_000 },
    container: CONTAINER_FACTS,
    ...changes,
  };
}
