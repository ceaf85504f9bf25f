/**
 * True for what can be the name or the ID of a container or a network. Names become part of a path: dockerode does not
 * quote them, and Docker answers to a path with dots or slashes in it by a redirect to somewhere else.
 */
export function isName(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(text);
}

/** The same for an image: names and registries between slashes, a tag or a digest. */
export function isImageReference(text: string): boolean {
  return text.split('/').every((part) => /^[a-zA-Z0-9][a-zA-Z0-9_.:@-]*$/.test(part));
}

/** True for the name of an image by its digest: `repository@sha256:…`. */
export function isDigestName(text: string): boolean {
  return isImageReference(text) && text.length <= 512 && /^[^@]+@sha256:[0-9a-f]{64}$/.test(text);
}

/** An image's name in the two parts that Docker takes it in; the tag is Docker's default when it has none. */
export function splitName(name: string): { readonly repo: string; readonly tag: string } {
  const [, repo = name, tag = 'latest'] = /^(.*):([^:/]+)$/.exec(name) ?? [];
  return { repo, tag };
}
