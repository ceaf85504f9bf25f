/**
 * The kernel of some virtual machines gives memory that was free for a while back to the host. To touch it again costs
 * several times what new memory costs otherwise, and a move takes new memory twice over: for the images and for the
 * container that is restored. What a process touched and left at its end this machine's kernel has, for seconds at least.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf } from '../../src/agent/survey/parse-proc';
import { systemClock } from '../../src/runtime/clock';
import { describeError } from '../../src/runtime/errors';
import { createCommandRunner } from '../../src/runtime/exec';
import type { Case } from './cases';
import type { Machine } from './result';

const TOUCH = join(__dirname, 'touch-memory.cjs');
/** 3 s a GiB were seen: 26 s for the most that a case needs. */
const TOUCH_MS = 120_000;
const MEASURED_MIB = 4 * 1024;
/** What the lab needs is left to it. */
const SPARED_MIB = 2 * 1024;
/** The interpreter, what moves the container, and files. */
const BESIDE_MIB = 512;
const LEAST_MIB = 1024;

/** The machine; tests give another. */
export interface Host {
  /** What can be had without swapping, MiB. */
  readonly availableMiB: () => number;
  /** Touches that many MiB of new memory, gives them back, and resolves with how many ms it took. */
  readonly touch: (mib: number) => Promise<number>;
}

const THIS_HOST: Host = {
  availableMiB: () => Math.floor(bytesOf(readFileSync('/proc/meminfo', 'utf8'), 'MemAvailable') / 2 ** 20),
  touch: touchMemory,
};

/** How long new memory takes, and how long the same once more, right after it. Undefined when there is none to touch. */
export async function measureNewMemory(host = THIS_HOST): Promise<Machine['newMemory']> {
  return orTold(async () => {
    const mib = withinReach(MEASURED_MIB, host);
    if (mib === 0) return undefined;
    const msPerGiB = async (): Promise<number> => Math.round((await host.touch(mib)) / (mib / 1024));
    return { touchedMiB: mib, msPerGiB: { before: await msPerGiB(), after: await msPerGiB() } };
  });
}

/** Brings in as much as the move of the case is going to need. When that fails the move is measured all the same. */
export async function bringInFor(one: Case, host = THIS_HOST): Promise<void> {
  await orTold(async () => {
    const mib = withinReach(neededMiB(one), host);
    if (mib > 0) await host.touch(mib);
  });
}

/** For the images of all containers, and for what is restored of them. */
const neededMiB = ({ workload, parallel }: Case): number =>
  Math.max(LEAST_MIB, 2 * workload.memoryMiB * parallel + BESIDE_MIB);

const withinReach = (mib: number, host: Host): number => Math.max(0, Math.min(mib, host.availableMiB() - SPARED_MIB));

async function orTold<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    console.error(`new memory could not be touched: ${describeError(error)}`);
    return undefined;
  }
}

/** In a process of its own, whose end gives it all back to this machine's kernel. */
export async function touchMemory(mib: number): Promise<number> {
  const runner = createCommandRunner(systemClock);
  const { exitCode, stdout, stderr } = await runner.run(process.execPath, [TOUCH, String(mib)], {
    timeoutMs: TOUCH_MS,
  });
  const [touched, ms] = (stdout.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  if (exitCode !== 0 || touched !== mib || ms === undefined) {
    throw new Error(`${TOUCH} ended by ${exitCode ?? 'a signal'}: ${stderr}`);
  }
  return ms;
}
