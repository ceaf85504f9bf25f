/** `namespace/name`, or just `name` for an object that lives in no namespace (whose `namespace` is empty). */
export function formatKey({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}
