import type { ImageTransport } from '../../src/docker/images';
import { ReasonedError } from '../../src/runtime/errors';
import type { FakeDocker } from './fake-docker';

/** What registries have: the ID of the image behind each name by digest. */
export type FakeRegistry = Map<string, string>;

/** The images of a node's fake Docker; the archive of an image is its ID. */
export function fakeImages(docker: FakeDocker, registry: FakeRegistry): ImageTransport {
  const found = (reference: string): string => {
    const imageID = registry.get(reference);
    if (imageID === undefined) throw new ReasonedError('ImageNotPullable', `no registry has ${reference}`);
    return imageID;
  };
  return {
    digestsOf: (imageID) => Promise.resolve([...registry].filter(([, id]) => id === imageID).map(([name]) => name)),
    save: (imageID) => Promise.resolve(archiveOf(imageID)),
    load: async (archive) => {
      docker.lacking.delete(await textOf(archive));
    },
    ask: async (reference) => {
      found(reference);
      return Promise.resolve();
    },
    pull: async (reference) => {
      docker.lacking.delete(found(reference));
      return Promise.resolve();
    },
    tag: (_imageID, name) => {
      docker.lacking.delete(name);
      return Promise.resolve();
    },
  };
}

export async function* archiveOf(text: string): AsyncGenerator<Uint8Array> {
  yield Promise.resolve(Buffer.from(text));
}

export async function textOf(archive: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of archive) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
