import type { ContainerMigration } from '../../../src/api/types';
import { keyOf } from '../../../src/api/types';
import type { MigrationStore } from '../../../src/controller/ports';
import { KubeError } from '../../../src/kube/errors';

/** One object in an API server, and the cache of a controller that may be behind. */
export class Store implements MigrationStore {
  #version = 1;
  /** What the API server holds. */
  object: ContainerMigration;
  /** What the watch has told; undefined: everything. */
  cached: ContainerMigration | undefined;
  refuse: Error | undefined;

  constructor(object: ContainerMigration) {
    this.object = object;
  }

  get(key: string): ContainerMigration | undefined {
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

  async #write(
    seen: ContainerMigration,
    change: (before: ContainerMigration) => ContainerMigration,
  ): Promise<ContainerMigration> {
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
