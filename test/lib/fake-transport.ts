import type { KubeRequest, KubeTransport } from '../../src/kube/transport';

/** Answers requests as the test says and keeps them. */
export class FakeTransport implements KubeTransport {
  readonly requests: KubeRequest[] = [];
  /** What comes back; throws what should reject. */
  answer: (request: KubeRequest) => unknown = () => ({});
  /** What a watch delivers before the server ends it. */
  lines: (request: KubeRequest) => unknown[] = () => [];

  async request(request: KubeRequest): Promise<unknown> {
    this.requests.push(request);
    await Promise.resolve();
    return this.answer(request);
  }

  async *stream(request: KubeRequest): AsyncGenerator<unknown, void, undefined> {
    this.requests.push(request);
    await Promise.resolve();
    yield* this.lines(request);
  }
}
