import { Readable } from 'node:stream';
import { untilAborted } from '../runtime/deadline';
import { ReasonedError, describeError } from '../runtime/errors';
import type { DockerCallOptions, DockerRequest } from './docker-calls';
import { DockerCalls, request } from './docker-calls';
import { refusedStatus } from './errors';
import { imageEvents } from './image-stream';
import type { ImageTransport } from './images';
import { isDigestName, isImageReference, splitName } from './names';
import { isRecord } from './record';

/** The part of dockerode that is used. Its own types leave out options that it takes, and answer `any`. */
interface Dockerode {
  getImages(request: DockerRequest): Promise<Readable>;
  loadImage(archive: Readable, request: DockerRequest): Promise<Readable>;
  createImage(request: DockerRequest): Promise<Readable>;
  getImage(name: string): {
    inspect(request: DockerRequest): Promise<unknown>;
    tag(request: DockerRequest): Promise<unknown>;
    distribution(): Promise<unknown>;
  };
}

/** The images of the daemon behind a Unix socket. Nothing is sent before the first call. */
export function createImageTransport(options: DockerCallOptions): ImageTransport {
  const calls = new DockerCalls(options);
  const docker = calls.connect() as unknown as Dockerode;
  /** What lasts: ended by the signal, with the signal's reason. */
  const last = async <T>(what: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    try {
      signal.throwIfAborted();
      return await untilAborted(work(), signal);
    } catch (error) {
      throw calls.failure(what, signal.aborted ? signal.reason : error);
    }
  };
  const image = (name: string): ReturnType<Dockerode['getImage']> => {
    // A name becomes part of a path.
    if (!isImageReference(name)) throw new ReasonedError('ImageMissing', `no image has the name ${quote(name)}`);
    return docker.getImage(name);
  };

  return {
    digestsOf: async (imageID) => {
      const what = `inspect image ${imageID}`;
      return readDigests(await calls.unlessMissing(what, (signal) => image(imageID).inspect(request(signal))));
    },
    save: async (imageID, { signal }) => {
      const what = `save image ${imageID}`;
      const answer = await last(what, signal, () => docker.getImages(request(signal, { query: { names: imageID } })));
      return bytesOf(answer, (error) => calls.failure(what, signal.aborted ? signal.reason : error));
    },
    load: (archive, { signal }) =>
      last('load an image', signal, async () => {
        // What goes wrong with the archive is not for Docker's client to word.
        let fault: { readonly error: unknown } | undefined;
        const watched = bytesOf(archive, (error) => (fault = { error }).error);
        const content = Readable.from(watched, { objectMode: false });
        try {
          const answer = await docker.loadImage(content, request(signal, { query: { quiet: true } }));
          for await (const { error } of imageEvents(answer)) if (error !== undefined) throw notLoaded(error);
        } catch (error) {
          throw fault === undefined ? error : fault.error;
        } finally {
          content.destroy();
        }
      }),
    ask: async (reference, { timeoutMs: ms }) => {
      if (!isDigestName(reference)) throw notPullable(reference, 'it is no name by digest');
      try {
        await calls.call(`ask the registry for ${reference}`, () => image(reference).distribution(), ms);
      } catch (error) {
        const status = refusedStatus(error);
        if (status !== undefined && status < 500) throw notPullable(reference, describeError(error));
        throw notPulled(reference, describeError(error), error);
      }
    },
    pull: (reference, { signal, onBytes }) =>
      last(`pull ${reference}`, signal, async () => {
        if (!isDigestName(reference)) throw notPullable(reference, 'it is no name by digest');
        const [fromImage, tag] = reference.split('@');
        const layers = new Map<string, number>();
        const answer = await docker
          .createImage(request(signal, { query: { fromImage, tag } }))
          .catch((error: unknown) => {
            throw refusedStatus(calls.failure('pull', error)) === undefined
              ? error
              : notPulled(reference, describeError(error), error);
          });
        for await (const { error, layer } of imageEvents(answer)) {
          if (error !== undefined) throw notPulled(reference, error);
          if (layer === undefined) continue;
          layers.set(layer.id, layer.bytes);
          onBytes?.([...layers.values()].reduce((sum, bytes) => sum + bytes, 0));
        }
      }),
    tag: async (imageID, name) => {
      await calls.call(`tag image ${imageID} as ${name}`, (signal) =>
        image(imageID).tag(request(signal, { query: splitName(name) })),
      );
    },
  };
}

async function* bytesOf(
  source: AsyncIterable<Uint8Array>,
  failure: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    throw failure(error);
  }
}

function readDigests(answer: unknown): readonly string[] {
  const digests: unknown = isRecord(answer) ? answer['RepoDigests'] : undefined;
  const names = Array.isArray(digests) ? digests.filter((name): name is string => typeof name === 'string') : [];
  return names.filter(isDigestName).slice(0, MAX_DIGESTS);
}

/** More names by digest are of no use. */
const MAX_DIGESTS = 16;

/** Docker began to answer before it failed; what it says then is judged like a refusal. */
function notLoaded(error: string): ReasonedError {
  const cause = Object.assign(new Error(error), { statusCode: 500 });
  return new ReasonedError('ImageNotLoaded', `Docker does not load the image: ${error}`, { cause });
}

function notPullable(reference: string, why: string): ReasonedError {
  return new ReasonedError('ImageNotPullable', `${quote(reference)} cannot be pulled: ${why}`);
}

function notPulled(reference: string, why: string, cause?: unknown): ReasonedError {
  const message = `${reference} was not pulled; can this node reach the registry? ${why}`;
  return new ReasonedError('ImagePullFailed', message, cause === undefined ? {} : { cause });
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 200));
