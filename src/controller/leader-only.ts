import type { KubeRequest, KubeTransport } from '../kube/transport';
import { linkAbort } from '../runtime/deadline';
import type { Leadership } from '../runtime/leadership';
import { assertLeading, notLeading } from '../runtime/leadership';

/**
 * The way to the API server in the leader's name, for one term: reads pass, writes reject with `NotLeading` unless
 * leadership is assured at the moment they go out, and one that is under way when it is lost is broken off. What that
 * leaves open, and why it does no harm, is in docs/adr/0007-deposed-leader.md.
 */
export function leaderOnly(transport: KubeTransport, leadership: Leadership): KubeTransport {
  return {
    request: (request) =>
      request.method === 'GET' ? transport.request(request) : write(transport, leadership, request),
    stream: (request) => transport.stream(request),
  };
}

async function write(transport: KubeTransport, leadership: Leadership, request: KubeRequest): Promise<unknown> {
  const both = linkAbort(request.signal);
  const onLost = (): void => {
    both.abort(leadership.lost.reason);
  };
  leadership.lost.addEventListener('abort', onLost, { once: true });
  try {
    assertLeading(leadership);
    const beforeSend = (): void => {
      assertLeading(leadership);
      request.beforeSend?.();
    };
    return await transport.request({ ...request, signal: both.signal, beforeSend });
  } catch (error) {
    // Whatever it looks like from below: a broken connection, a conflict with the one that leads now.
    if (!leadership.isAssured()) throw notLeading(error);
    throw error;
  } finally {
    leadership.lost.removeEventListener('abort', onLost);
    both.release();
  }
}
