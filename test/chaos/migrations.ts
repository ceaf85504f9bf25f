import { createKubeClient } from '../../src/kube/client';
import type { KubeClient } from '../../src/kube/client';
import { isNotFound } from '../../src/kube/errors';
import { systemClock } from '../../src/runtime/clock';
import type { NodeName } from '../lib/lab-docker';
import { labEnvironment } from '../lib/lab-tools';
import { sleep } from '../lib/waiting';

const PATH = '/apis/transship.dev/v1alpha1/namespaces/default/containermigrations';
const CALL_MS = 3_000;
const LOOK_MS = 100;
const FINAL = ['Succeeded', 'RolledBack', 'Failed'];

/** As much of the object as the harness goes by; the rest is only kept and shown. */
export interface SeenMigration {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly source?: { readonly error?: { readonly reason: string } };
    readonly target?: { readonly error?: { readonly reason: string } };
  };
}

/** The objects, as a user with kubectl has them: everything is tried again while the API server is away. */
export class Migrations {
  readonly #client: KubeClient;

  constructor() {
    const kubeconfigPath = labEnvironment()['KUBECONFIG'] ?? '';
    this.#client = createKubeClient({ clock: systemClock, userAgent: 'chaos', kubeconfigPath });
  }

  async create(name: string, container: string, from: NodeName, to: NodeName): Promise<void> {
    const body = {
      apiVersion: 'transship.dev/v1alpha1',
      kind: 'ContainerMigration',
      metadata: { name },
      spec: { source: { nodeName: from, container }, target: { nodeName: to }, retainCheckpoint: 'Never' },
    };
    await this.#client.request({ method: 'POST', path: PATH, body, timeoutMs: CALL_MS });
  }

  /** Undefined when there is none. */
  async find(name: string): Promise<SeenMigration | undefined> {
    try {
      return (await this.#client.request({
        method: 'GET',
        path: `${PATH}/${name}`,
        timeoutMs: CALL_MS,
      })) as SeenMigration;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Whether it is over. False also when nobody can say. */
  async isOver(name: string): Promise<boolean> {
    return this.find(name).then(isFinal, () => false);
  }

  /** Waits for its end, or for the deadline; returns what is there then. Throws when nobody can say. */
  async awaitEnd(name: string, deadlineMs: number, lookMs = LOOK_MS): Promise<SeenMigration | undefined> {
    const deadline = Date.now() + deadlineMs;
    for (;;) {
      const seen = await this.find(name).catch((error: unknown) => {
        if (Date.now() > deadline) throw error;
        return undefined;
      });
      if (isFinal(seen) || Date.now() > deadline) return seen;
      await sleep(lookMs);
    }
  }

  /** Deletes it; returns why it is still there after the deadline, or undefined when it is gone. */
  async delete(name: string, deadlineMs: number): Promise<string | undefined> {
    const deadline = Date.now() + deadlineMs;
    for (;;) {
      try {
        await this.#client.request({ method: 'DELETE', path: `${PATH}/${name}`, timeoutMs: CALL_MS });
        if ((await this.find(name)) === undefined) return undefined;
      } catch (error) {
        if (isNotFound(error)) return undefined;
        if (Date.now() > deadline) return String(error);
      }
      if (Date.now() > deadline) return `its finalizer still holds it after ${deadlineMs} ms`;
      await sleep(LOOK_MS);
    }
  }

  /** Takes the object away whatever its finalizer is for: the case is judged, and the next needs a clean lab. */
  async forceAway(name: string): Promise<void> {
    const body = { metadata: { finalizers: null } };
    const path = `${PATH}/${name}`;
    await this.#client
      .request({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json', timeoutMs: CALL_MS })
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
  }

  async names(): Promise<string[]> {
    const list = (await this.#client.request({ method: 'GET', path: PATH, timeoutMs: CALL_MS })) as {
      items: SeenMigration[];
    };
    return list.items.map(({ metadata }) => metadata.name);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

export const isFinal = (seen: SeenMigration | undefined): boolean => FINAL.includes(seen?.status?.phase ?? '');
