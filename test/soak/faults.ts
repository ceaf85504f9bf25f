import { systemClock } from '../../src/runtime/clock';
import { sleptThrough } from '../../src/runtime/deadline';
import { sleep } from '../lib/waiting';
import { command } from './lab';
import type { Minutes } from './minutes';
import type { Random } from './random';

const PROCESSES = ['controller', 'agent@node-a', 'agent@node-b'] as const;
const API_SERVER_AWAY_MS = 5_000;

/** Until `stop`: now and then, at random, a process is killed and started again. Leaves all of them running. */
export async function injectFaults(random: Random, minutes: Minutes, stop: AbortSignal): Promise<void> {
  while (await sleptThrough(systemClock, random.between(4_000, 15_000), stop)) {
    const service = random.pick([...PROCESSES, ...PROCESSES, 'kube-apiserver'] as const satisfies [
      string,
      ...string[],
    ]);
    const awayMs = service === 'kube-apiserver' ? API_SERVER_AWAY_MS : random.between(0, 3_000);
    minutes.count(`faults: ${service} killed`);
    minutes.tell(`${service} killed for ${(awayMs / 1_000).toFixed(1)} s`);
    await command('lab/service', 'kill', service);
    await sleep(awayMs);
    await command('lab/service', 'start', service);
  }
}
