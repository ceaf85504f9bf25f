/** The coordinates of an object of one kind. */
export interface ObjectKey {
  /** Empty for an object that lives in no namespace. */
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/name`, or just `name` for an object that lives in no namespace. */
export function formatKey({ namespace, name }: ObjectKey): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** The inverse of formatKey. Neither part can contain a slash. */
export function parseKey(key: string): ObjectKey {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
