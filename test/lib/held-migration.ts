import type { ContainerMigration } from '../../src/api/types';
import { isFinal } from '../../src/api/types';
import type { NodeName } from './lab-docker';
import { apply, getMigration } from './lab-migration';
import type { MigrationManifest } from './lab-migration';
import { mustRun } from './lab-tools';
import { MigrationWatch } from './migration-watch';

const NODES: readonly NodeName[] = ['node-a', 'node-b'];

/** Stops an agent where it stands, and lets it go on: it notices nothing. What it has begun outside goes on meanwhile. */
export function signalAgent(node: NodeName, signal: 'SIGSTOP' | 'SIGCONT'): void {
  process.kill(Number(mustRun('lab/service', ['status', `agent@${node}`])), signal);
}

/** Lets both go on, whatever a test that failed has left behind. */
export function letAgentsGoOn(): void {
  for (const node of NODES) signalAgent(node, 'SIGCONT');
}

/** Between which two steps somebody changes what lies on the volume. */
export type Moment = 'described' | 'published';

/**
 * Runs a migration from node-a to node-b to its end, and does something while both agents stand still: after the source
 * has described the container and before the target reads that, or after it has published the checkpoint and before the
 * target verifies it. Each agent is stopped while it waits for the other one, so that nothing depends on being quick.
 */
export async function migrateHeld(
  manifest: Omit<MigrationManifest, 'from' | 'to'>,
  moment: Moment,
  act: (migration: ContainerMigration) => void,
): Promise<ContainerMigration> {
  const { name } = manifest;
  const watch = new MigrationWatch(name);
  const before = moment === 'described' ? 'Preflighted' : 'Prepared';
  try {
    apply({ ...manifest, from: 'node-a', to: 'node-b' });
    await watch.reach(`the source ${before}`, ({ status }) => status.source?.state === before);
    signalAgent('node-a', 'SIGSTOP');
    await watch.reach(`the target ${before}`, ({ status }) => status.target?.state === before);
    signalAgent('node-b', 'SIGSTOP');
    signalAgent('node-a', 'SIGCONT');
    const after = moment === 'described' ? 'Prepared' : 'Published';
    await watch.reach(`the source ${after}`, ({ status }) => status.source?.state === after);
    act(getMigration(name));
    signalAgent('node-b', 'SIGCONT');
    await watch.reach('the end', isFinal);
    return getMigration(name);
  } finally {
    watch.stop();
    letAgentsGoOn();
  }
}
