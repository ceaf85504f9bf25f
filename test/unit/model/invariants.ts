import type { ContainerMigration } from '../../../src/api/types';
import { isFinal } from '../../../src/api/types';
import { current } from './api-server';
import { Violation } from './failures';
import type { SimContainer, World } from './world';
import { ORIGINAL } from './world';

/** Holds after every step of anybody. Two copies, and numbers counted twice, are found when they happen (running.ts). */
export function checkStep(world: World): void {
  const now = current(world);
  const { truth } = world;
  if (now?.metadata.uid === truth.uid) {
    if (!truth.ended && isFinal(now)) {
      truth.ended = true;
      truth.endedAt = world.api.history.length;
      checkEnd(world, now);
    } else if (truth.ended && !isFinal(now)) {
      throw new Violation('I6: a migration that had ended goes on');
    }
  } else if (now === undefined && !truth.ended) {
    // Gone without an end: only when nothing was touched.
    truth.ended = true;
    checkUntouched(world);
  }
}

const originalOf = ({ nodes }: World): SimContainer | undefined =>
  nodes.source.containers.find(({ id }) => id === ORIGINAL);

/** It runs, or it would had its daemon or its node not died after it had run there. */
const lives = (container: SimContainer | undefined): boolean =>
  container !== undefined && (container.state === 'running' || (container.state === 'dead' && container.killedByNode));

/** I2: at the end exactly one copy runs where the object says, or the object says that none does. */
function checkEnd(world: World, { spec, status }: ContainerMigration): void {
  const { source, target } = world.nodes;
  const replacement = source.containers.find(({ madeBy }) => madeBy !== undefined);
  const copy = target.containers.find(({ madeBy }) => madeBy !== undefined);
  const original = originalOf(world);
  if ((status.phase === 'Checked') !== (spec.mode === 'Preflight') && status.phase !== 'Failed') {
    throw new Violation(`spec.mode is ${spec.mode}, and it ended ${status.phase ?? ''}`);
  }
  if (status.phase === 'Succeeded') {
    if (!lives(copy)) throw new Violation('I2: Succeeded, and it does not run on the target');
    if (original?.state === 'paused' && source.powered && !source.tainted) {
      throw new Violation('I9: Succeeded, and the original is frozen still');
    }
  } else if (status.phase === 'RolledBack') {
    if (
      !world.truth.removedByOwner &&
      !lives(status.source?.restoredContainerID === undefined ? original : replacement)
    ) {
      throw new Violation('I2: RolledBack, and it does not run on the source');
    }
  } else if (status.reason === 'SourceLost') {
    if (source.powered && original?.state === 'paused') {
      throw new Violation('I2: SourceLost, although the original can be woken');
    }
  } else if (status.reason === 'PageServerLost' || status.reason === 'MemoryLost') {
    if (original?.state === 'running' || copy?.state === 'running') {
      throw new Violation('I2: its memory is said to be lost, and it runs');
    }
    if (world.volume.directories.get(world.truth.uid)?.manifest === undefined) {
      throw new Violation('I2: its memory is lost, and its checkpoint was removed');
    }
  } else if (status.decision?.revoked === undefined) checkUntouched(world);
}

/** Nothing was touched: the original is as its owner left it. */
function checkUntouched(world: World): void {
  const original = originalOf(world);
  const asBefore = original === undefined ? world.truth.removedByOwner : original.policy === world.truth.policy;
  if (original?.state === 'paused' || !asBefore) {
    throw new Violation('I2: it ended as if nothing had been touched, and the original is not as it was');
  }
  if (world.nodes.target.containers.length > 0) throw new Violation('I9: it was refused, and left a container');
}

/** Liveness, and I9: what is to be true once the world is well again and everybody had time. */
export function checkRest(world: World): void {
  const now = current(world);
  if (now !== undefined && !isFinal(now)) {
    throw new Violation(`liveness: it stays ${now.status.phase ?? 'unseen'}: ${now.status.message ?? ''}`);
  }
  if (now?.metadata.deletionTimestamp !== undefined) throw new Violation('I7: it ended, and is held for ever');
  const { source, target } = world.nodes;
  for (const node of [source, target]) {
    // Given up with its node: when that comes back, what is left on it is its owner's to look at.
    const givenUp = node.wasFenced && node.role === 'source' && now?.status.reason === 'SourceLost';
    if (!node.powered || givenUp) continue;
    const { name, markers, journal } = node;
    if (markers.length > 0) throw new Violation(`I9: a marker (${markers[0]?.state ?? ''}) is left on ${name}`);
    if (journal !== undefined) throw new Violation(`I9: a journal entry (${journal.stage}) is left on ${name}`);
    const idle = node.containers.find(({ state, madeBy }) => state === 'created' && madeBy !== undefined);
    if (idle !== undefined) throw new Violation(`I9: ${idle.id}, which was made and never ran, is left on ${name}`);
    const frozen = node.containers.find(({ state }) => state === 'paused');
    if (frozen !== undefined) throw new Violation(`I9: ${frozen.id} is frozen for ever on ${name}`);
    const stays = node.containers.find(({ state }) => state === 'running');
    if (stays !== undefined && stays.policy !== world.truth.policy) {
      throw new Violation(`I9: ${stays.id} runs on ${name} with another restart policy than its owner gave it`);
    }
  }
  checkVolume(world);
}

function checkVolume({ volume, nodes, truth }: World): void {
  const directory = volume.directories.get(truth.uid);
  if (directory === undefined || nodes.source.wasFenced) return;
  if (directory.manifest === undefined) throw new Violation('I9: a directory without a manifest is left on the volume');
}
