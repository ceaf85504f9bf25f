import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { schema } from './generated/schema';
import type { ContainerMigration, MigrationRequest, RequestedSpec } from './types';
import { hasTarget } from './types';

/** An object that does not fit the schema: what is wrong, as one sentence per fault. */
export class InvalidObject extends Error {
  override readonly name = 'InvalidObject';

  constructor(readonly faults: readonly string[]) {
    super(faults.join('; '));
  }
}

const ajv = addFormats(new Ajv({ allErrors: true, useDefaults: true, strict: false, formats: { int64: true } }));
const fitsSchema = ajv.compile(schema);

/** True for an object whose metadata has what every object of an API server has. */
function hasMetadata(value: unknown): value is { metadata: ContainerMigration['metadata'] } {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return false;
  const { metadata } = value;
  if (typeof metadata !== 'object' || metadata === null) return false;
  const fields = metadata as Record<string, unknown>;
  return ['name', 'namespace', 'uid', 'resourceVersion'].every((key) => typeof fields[key] === 'string');
}

/**
 * A copy without `metadata.managedFields`: of a finished migration they are as long as all the rest, nothing reads them, and
 * every object is kept in memory. By way of JSON, which it was: what structuredClone makes takes twice the memory
 * (measured with Node.js 24: 16.8 KiB instead of 7.8 KiB for a finished migration).
 */
function compactCopy(value: { metadata: object }): unknown {
  const metadata: Record<string, unknown> = { ...value.metadata };
  delete metadata['managedFields'];
  return JSON.parse(JSON.stringify({ ...value, metadata }));
}

/**
 * Reads what the API server sent. Defaults of the schema are filled in, also where an old object lacks them.
 * @throws InvalidObject when it does not fit the CRD's schema.
 */
export function parseRequest(value: unknown): MigrationRequest {
  if (!hasMetadata(value)) throw new InvalidObject(['not an object with name, namespace, uid and resourceVersion']);
  const copy = compactCopy(value);
  if (!fitsSchema(copy)) {
    throw new InvalidObject(
      (fitsSchema.errors ?? []).map((e) => `${e.instancePath.slice(1).replaceAll('/', '.')} ${e.message ?? ''}`),
    );
  }
  return targetKept({ status: {}, ...(copy as object) } as MigrationRequest);
}

/**
 * An API server without CEL (before Kubernetes 1.25) lets the target's name be removed when the migration is under way.
 * The target's own report has it still, and the migration goes on as if nothing had been removed: the container may
 * stand frozen for it.
 */
function targetKept(migration: MigrationRequest): MigrationRequest {
  const { spec, status } = migration;
  const nodeName = spec.target.nodeName ?? status.target?.nodeName;
  return nodeName === undefined ? migration : { ...migration, spec: { ...spec, target: { ...spec.target, nodeName } } };
}

/**
 * The same, of an object that says where to.
 * @throws InvalidObject when it does not, or does not fit the schema
 */
export function parseMigration(value: unknown): ContainerMigration {
  const migration = parseRequest(value);
  if (!hasTarget(migration)) throw new InvalidObject(['spec.target.nodeName is absent: no node was picked yet']);
  return migration;
}

/**
 * The rules that an API server with CEL enforces by itself, for one that has none (Kubernetes before 1.25).
 * @returns what is wrong and what to write instead; undefined when nothing is.
 */
export function ruleBroken(spec: RequestedSpec): { reason: string; message: string } | undefined {
  if (spec.source.nodeName === spec.target.nodeName) {
    return {
      reason: 'SourceEqualsTarget',
      message: `the container already runs on ${spec.source.nodeName}: spec.target.nodeName must name another node`,
    };
  }
  return undefined;
}
