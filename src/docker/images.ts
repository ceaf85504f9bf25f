/**
 * Brings images to the Docker daemon of this node, and takes them from there. Fails with the same ReasonedErrors as
 * ContainerEngine. What moves a whole image takes as long as it takes: its signal ends it.
 */
export interface ImageTransport {
  /** The names by digest (`repository@sha256:…`) under which registries know the image; none for one made here. */
  digestsOf(imageID: string): Promise<readonly string[]>;
  /**
   * `docker save` of an image by its ID, so that no name travels with it. What comes may be cut off without an error:
   * Docker ends an archive as if all were well when it fails in the middle. It is for the reader to look.
   */
  save(imageID: string, options: { readonly signal: AbortSignal }): Promise<AsyncIterable<Uint8Array>>;
  /** `docker load`. Fails with `ImageNotLoaded` when Docker does not take it, and as the archive does when that fails. */
  load(archive: AsyncIterable<Uint8Array>, options: { readonly signal: AbortSignal }): Promise<void>;
  /**
   * Asks the registry, without credentials, whether it has what a name by digest says. Fails with `ImageNotPullable`
   * when it says no, `ImagePullFailed` when it does not answer.
   */
  ask(reference: string, options: { readonly timeoutMs: number }): Promise<void>;
  /**
   * `docker pull` of a name by digest: no tag changes. Fails with `ImagePullFailed`.
   * @param options.onBytes told how many bytes have come so far
   */
  pull(
    reference: string,
    options: { readonly signal: AbortSignal; readonly onBytes?: ((total: number) => void) | undefined },
  ): Promise<void>;
  /** `docker tag`. Takes the name away from an image that has it: look first. */
  tag(imageID: string, name: string): Promise<void>;
}
