import { ReasonedError } from '../runtime/errors';
import type { DockerCheckpoints } from './checkpoints';
import type { DockerCallOptions, DockerRequest } from './docker-calls';
import { DockerCalls, request } from './docker-calls';
import { isName } from './names';

type Call = (request: DockerRequest) => Promise<unknown>;

/** The part of dockerode that is used; its types do not know of checkpoints. */
interface Dockerode {
  getContainer(id: string): { readonly createCheckpoint: Call; readonly start: Call };
}

/** The checkpoints of the daemon behind a Unix socket. Nothing is sent before the first call. */
export class DockerodeCheckpoints implements DockerCheckpoints {
  readonly #calls: DockerCalls;
  readonly #docker: Dockerode;

  constructor(options: DockerCallOptions) {
    this.#calls = new DockerCalls(options);
    this.#docker = this.#calls.connect() as unknown as Dockerode;
  }

  async create(id: string, options: Parameters<DockerCheckpoints['create']>[1]): Promise<void> {
    const { name, directory, timeoutMs } = options;
    const body = { CheckpointID: name, CheckpointDir: directory, Exit: false };
    const send = (signal: AbortSignal): Promise<unknown> =>
      this.#container(id).createCheckpoint(request(signal, { body }));
    await this.#calls.call(`checkpoint container ${id}`, send, timeoutMs);
  }

  async start(id: string, { name, timeoutMs }: Parameters<DockerCheckpoints['start']>[1]): Promise<void> {
    const query = { checkpoint: name };
    const send = (signal: AbortSignal): Promise<unknown> => this.#container(id).start(request(signal, { query }));
    await this.#calls.call(`restore container ${id}`, send, timeoutMs);
  }

  #container(id: string): ReturnType<Dockerode['getContainer']> {
    if (!isName(id))
      throw new ReasonedError('ContainerNotFound', `no container can have the name ${JSON.stringify(id)}`);
    return this.#docker.getContainer(id);
  }
}
