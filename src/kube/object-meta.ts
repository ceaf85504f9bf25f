import { formatKey } from '../runtime/object-key';

/** The part of an object's metadata that every kind has. */
export interface ObjectMeta {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** The fields of an object, or none when it is not one. */
export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** The metadata of any object that came from the API server; what is absent is empty. */
export function metadataOf(object: unknown): ObjectMeta {
  const { namespace, name, uid, resourceVersion } = asRecord(asRecord(object)['metadata']);
  return { namespace: text(namespace), name: text(name), uid: text(uid), resourceVersion: text(resourceVersion) };
}

/** The key of an object, as informers and work queues use it. */
export function keyOf(object: unknown): string {
  return formatKey(metadataOf(object));
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
