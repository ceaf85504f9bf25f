/** What a case proves: decided from what was seen alone, with no look at the lab. */
import type { Fault } from './matrix';
import type { CopyRecord } from './sampler-client';

/** A container as Docker lists it at the end. */
export interface Remaining {
  readonly node: string;
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly restartPolicy: string;
  /** Keys of the labels that the operator put on it. */
  readonly labels: readonly string[];
}

export interface Evidence {
  readonly fault: Fault;
  readonly from: string;
  readonly to: string;
  readonly container: string;
  /** Of the object, at the end of the wait. */
  readonly phase: string | undefined;
  readonly reason: string | undefined;
  readonly isFinal: boolean;
  /** The reasons of errors that the agents report. */
  readonly errors: readonly string[];
  readonly remaining: readonly Remaining[];
  /** What was still there after the time that actors have to clean up. */
  readonly leftovers: readonly string[];
  readonly copies: readonly CopyRecord[];
  readonly overlaps: number;
  /** The last number of the container that remains, looked at twice. */
  readonly goesOn: boolean;
  /** What a server said it was born as, before and at the end; undefined for a container that serves nothing. */
  readonly server: { readonly before: string; readonly after: string } | undefined;
  /** Why the object could not be deleted; undefined when it could. */
  readonly undeletable: string | undefined;
}

export interface Verdict {
  /** The phase; `lost, said so` and `restarted by Docker` are outcomes of their own. */
  readonly outcome: string;
  readonly violations: readonly string[];
  /** The longest time in which the container counted nothing, by its own clock. */
  readonly longestGapMs: number;
  readonly counted: number;
}

/** The reason with which it says that a checkpoint could not be removed and a person has to. */
const KEPT = 'CheckpointNotRemoved';
/** The reason with which the operator says that the container is gone and no checkpoint holds it. */
const LOST = 'SourceLost';

/** How a leftover on the shared volume begins. */
export const ON_VOLUME = 'volume:';

export function judge(evidence: Evidence): Verdict {
  const { phase = 'none', reason, isFinal, overlaps } = evidence;
  const violations: string[] = [];
  if (!isFinal) violations.push(`stuck: ${phase} (${reason ?? 'no reason'}) when the time was over`);
  if (overlaps > 0) violations.push(`two running: seen ${overlaps} times`);
  const said = evidence.errors.includes(KEPT);
  const unsaid = evidence.leftovers.filter((leftover) => !(said && leftover.startsWith(ON_VOLUME)));
  violations.push(...unsaid.map((leftover) => `left over: ${leftover}`));
  if (evidence.undeletable !== undefined) violations.push(`not deleted: ${evidence.undeletable}`);

  const running = evidence.remaining.filter(({ state }) => state === 'running');
  const lost = reason === LOST && phase === 'Failed' && running.length === 0;
  if (lost) return { outcome: 'lost, said so', violations, longestGapMs: 0, counted: 0 };
  if (isFinal) violations.push(...judgeRemaining(evidence));

  const [survivor] = running;
  const record = evidence.copies.find(({ id }) => id === survivor?.id);
  if (record === undefined) {
    violations.push('counter: nothing that the remaining container wrote was found');
    return { outcome: phase, violations, longestGapMs: 0, counted: 0 };
  }
  const lives = livesOf(record.count);
  const mayRestart = evidence.fault.endsWith('-plain');
  if (lives.length > (mayRestart ? 2 : 1)) violations.push(`counter: started afresh, ${lives.length - 1} times`);
  violations.push(...lives.flatMap(findBreaks).slice(0, 5));
  if (!evidence.goesOn) violations.push('counter: it has stopped');
  violations.push(...findOtherLives(record, evidence.copies));
  if (evidence.server !== undefined && lives.length === 1 && evidence.server.before !== evidence.server.after)
    violations.push(`server: answers ${evidence.server.after} instead of ${evidence.server.before}`);
  return {
    outcome: outcomeOf(phase, lives.length > 1 && mayRestart, unsaid.length < evidence.leftovers.length),
    violations,
    longestGapMs: Math.max(0, ...lives.map(longestGapMs)),
    counted: lives.at(-1)?.length ?? 0,
  };
}

function outcomeOf(phase: string, restarted: boolean, kept: boolean): string {
  if (restarted) return 'restarted by Docker';
  return kept ? `${phase}, checkpoint left, said so` : phase;
}

/** Exactly one container, where the object says, as it was. */
function judgeRemaining({ remaining, phase, from, to, container }: Evidence): string[] {
  const violations: string[] = [];
  const home = phase === 'Succeeded' ? to : from;
  const [one] = remaining;
  const told = remaining.map(({ name, node, state }) => `${name} on ${node} (${state})`).join(', ');
  if (one === undefined) return ['none left: no container on any node'];
  if (remaining.length > 1) violations.push(`second container: ${told}`);
  const there = remaining.find(({ node, name, state }) => node === home && name === container && state === 'running');
  if (there === undefined) return [...violations, `not at home: ${phase ?? ''} means ${home}, but there is ${told}`];
  if (there.restartPolicy !== 'always') violations.push(`restart policy: ${there.restartPolicy} instead of always`);
  if (home === from && there.labels.length > 0) violations.push(`labels: the original has ${there.labels.join(', ')}`);
  return violations;
}

/** One number that was written, and when. */
interface Entry {
  readonly number: number;
  readonly atMs: number;
}

/** The lines of the file, split where it began again with 0. A last line without an end is still being written. */
export function livesOf(count: string): Entry[][] {
  const lives: Entry[][] = [];
  for (const line of count.slice(0, count.lastIndexOf('\n') + 1).split('\n')) {
    if (line === '') continue;
    const [number = '', seconds = ''] = line.split(' ');
    const entry = { number: Number(number), atMs: Number(seconds) * 1000 };
    if (entry.number === 0) lives.push([entry]);
    else (lives.at(-1) ?? (lives[0] = [])).push(entry);
  }
  return lives;
}

/** Where it does not count 0, 1, 2…, or time runs backwards. */
export function findBreaks(life: readonly Entry[]): string[] {
  return life.flatMap(({ number, atMs }, index) => {
    const before = life[index - 1];
    if (number !== (before?.number ?? -1) + 1)
      return [`counter: ${number} after ${before?.number ?? 'nothing'}, line ${index + 1}`];
    return before !== undefined && atMs < before.atMs ? [`counter: ${number} was written before ${before.number}`] : [];
  });
}

/**
 * What another copy wrote that is not part of what the remaining one has: each line carries its moment, so that two
 * copies which ran on from one checkpoint differ, wherever and however shortly the other ran.
 */
export function findOtherLives(survivor: CopyRecord, copies: readonly CopyRecord[]): string[] {
  return copies.flatMap((copy) => {
    if (copy.id === survivor.id || survivor.count.startsWith(copy.count)) return [];
    let common = 0;
    while (copy.count[common] === survivor.count[common]) common++;
    const more = copy.count.slice(common).split('\n').length - 1;
    return [`two lives: the copy on ${copy.node} wrote ${more} numbers that the one on ${survivor.node} does not have`];
  });
}

function longestGapMs(life: readonly Entry[]): number {
  return life.reduce((longest, { atMs }, index) => Math.max(longest, atMs - (life[index - 1]?.atMs ?? atMs)), 0);
}
