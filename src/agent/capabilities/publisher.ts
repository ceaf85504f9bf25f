import type { MigrationNodeStatus, NodeCondition } from '../../api/migration-node';
import type { MigrationNodeStore, OwnNode } from '../../kube/migration-nodes';
import type { Clock } from '../../runtime/clock';
import { isAborted, linkAbort, sleptThrough } from '../../runtime/deadline';
import { describeError, ReasonedError, reasonOf } from '../../runtime/errors';
import type { Logger } from '../../runtime/log';
import type { InstallState } from '../install/settle';
import type { NodeLook } from './assess';
import { assessNode, notReady, wrapperCondition } from './assess';

/** What a publisher acts on. */
export interface PublisherDeps {
  readonly look: () => Promise<NodeLook>;
  readonly wrapper: () => InstallState | undefined;
  /** The Node object of this node; undefined when there is none. */
  readonly ownNode: () => Promise<OwnNode | undefined>;
  readonly store: Pick<MigrationNodeStore, 'conditions' | 'write'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * As often as a kubelet reports a Node that did not change (nodeStatusReportFrequency). That the agent lives says its Lease,
 * every ten seconds; this object would cost etcd a hundred times as many bytes.
 */
const EVERY_MS = 300_000;
const AGAIN_MS = 15_000;

/** Says in the API what this node can do, for as long as the agent runs. */
export class NodePublisher {
  readonly #deps: PublisherDeps;
  #found: Omit<MigrationNodeStatus, 'conditions' | 'lastHeartbeatTime'> = {};
  #conditions: readonly NodeCondition[] | undefined;
  #cutShort = (): void => undefined;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  /** Has it look now, or once more when it is at it. */
  soon(): void {
    this.#cutShort();
  }

  /** Returns when the signal is aborted. Never rejects: a node that cannot be told of works all the same. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!isAborted(signal)) {
      const pause = linkAbort(signal);
      this.#cutShort = () => {
        pause.abort();
      };
      const done = await this.#publish(signal).then(
        () => true,
        (error: unknown) => {
          if (!isAborted(signal)) log.warn('could not say what this node can do, will try again', { error });
          return false;
        },
      );
      await sleptThrough(clock, done ? EVERY_MS : AGAIN_MS, pause.signal);
      pause.release();
    }
  }

  async #publish(signal: AbortSignal): Promise<void> {
    const { look, wrapper, ownNode, store, clock } = this.#deps;
    const ready = await look().then(
      (seen) => {
        const assessed = assessNode(seen);
        this.#found = assessed.status;
        return assessed.ready;
      },
      (error: unknown) => notReady(reasonOf(error, 'InternalError'), describeError(error)),
    );
    const node = await ownNode();
    if (node === undefined) throw new ReasonedError('NodeNotFound', 'there is no Node of the name of this node');
    // After a restart: a condition that held before has held since then.
    this.#conditions ??= await store.conditions(signal);
    const now = new Date(clock.now()).toISOString();
    const conditions = [ready, wrapperCondition(wrapper())].map((condition) => {
      const before = this.#conditions?.find(({ type }) => type === condition.type);
      const since = before?.status === condition.status ? before.lastTransitionTime : now;
      return { ...condition, lastTransitionTime: since };
    });
    await store.write(node, { ...this.#found, lastHeartbeatTime: now, conditions }, signal);
    this.#conditions = conditions;
  }
}
