import type { ContainerInfo } from './engine';
import { isRecord } from './record';

/** What a container was before it was created on this node: Docker can be told none of it. */
export interface Origin {
  /** When the container was created that its owner made, as Docker prints it; undefined when Docker did not say. */
  readonly createdAt?: string;
  /** How often Docker restarted it, on all its nodes. */
  readonly restarts: number;
  /** How often it was moved to another node. */
  readonly moves: number;
}

/** Labels by which a container that was moved remembers its origin. */
export const ORIGIN_LABELS = {
  createdAt: 'transship.dev/first-created-at',
  restarts: 'transship.dev/restart-count',
  moves: 'transship.dev/moves',
} as const;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

/** Out of what Docker shows and what the labels of earlier moves remember. Labels that say nonsense count as absent. */
export function readOrigin({ raw, labels }: Pick<ContainerInfo, 'raw' | 'labels'>): Origin {
  const { Created: created, RestartCount: restarts } = isRecord(raw) ? raw : {};
  const createdAt = [labels[ORIGIN_LABELS.createdAt], created].find((time) => isTime(time));
  return {
    ...(isTime(createdAt) ? { createdAt } : {}),
    restarts: count(labels[ORIGIN_LABELS.restarts]) + count(restarts),
    moves: count(labels[ORIGIN_LABELS.moves]),
  };
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && TIME.test(value);
}

function count(value: unknown): number {
  return /^\d{1,9}$/.test(String(value)) ? Number(value) : 0;
}
