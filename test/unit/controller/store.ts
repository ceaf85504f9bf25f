import type { MigrationRequest } from '../../../src/api/types';
import { keyOf, TARGET_PICKED } from '../../../src/api/types';
import type { MigrationStore } from '../../../src/controller/ports';
import { KubeError } from '../../../src/kube/errors';

/** One object in an API server, and the cache of a controller that may be behind. */
export class Store implements MigrationStore {
  #version = 1;
  /** What the API server holds. */
  object: MigrationRequest;
  /** What the watch has told; undefined: everything. */
  cached: MigrationRequest | undefined;
  refuse: Error | undefined;

  constructor(object: MigrationRequest) {
    this.object = object;
  }

  get(key: string): MigrationRequest | undefined {
    return key === keyOf(this.object) ? (this.cached ?? this.object) : undefined;
  }

  /** To be called when somebody else has written the object. */
  wrote(): void {
    this.#version = Number(this.object.metadata.resourceVersion);
  }

  writeStatus: MigrationStore['writeStatus'] = (seen, status) =>
    this.#write(seen, (before) => {
      const { source: from, target: to } = before.status;
      return { ...before, status: { ...status, ...(from && { source: from }), ...(to && { target: to }) } };
    });

  writeMetadata: MigrationStore['writeMetadata'] = (seen, { finalizers, annotations = {} }) =>
    this.#write(seen, (before) => {
      const { metadata } = before;
      return {
        ...before,
        metadata: { ...metadata, finalizers, annotations: { ...metadata.annotations, ...annotations } },
      };
    });

  writeTarget: MigrationStore['writeTarget'] = (seen, nodeName, why) =>
    this.#write(seen, (before) => {
      const { metadata, spec } = before;
      return {
        ...before,
        metadata: {
          ...metadata,
          generation: metadata.generation + 1,
          annotations: { ...metadata.annotations, [TARGET_PICKED]: why },
        },
        spec: { ...spec, target: { ...spec.target, nodeName } },
      };
    });

  async #write(
    seen: MigrationRequest,
    change: (before: MigrationRequest) => MigrationRequest,
  ): Promise<MigrationRequest> {
    await Promise.resolve();
    if (this.refuse !== undefined) throw this.refuse;
    if (seen.metadata.resourceVersion !== this.object.metadata.resourceVersion) throw conflict();
    const next = change(this.object);
    const resourceVersion = String(++this.#version);
    this.object = { ...next, metadata: { ...next.metadata, resourceVersion } };
    return this.object;
  }
}

const conflict = (): KubeError => new KubeError('Conflict', 'it was changed', { statusCode: 409 });
