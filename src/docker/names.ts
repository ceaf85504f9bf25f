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
