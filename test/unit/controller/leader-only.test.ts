import { leaderOnly } from '../../../src/controller/leader-only';
import type { KubeTransport } from '../../../src/kube/transport';
import { untilAborted } from '../../../src/runtime/deadline';
import { Term } from '../../../src/runtime/leadership';
import { FakeClock } from '../../lib/fake-clock';
import { FakeTransport } from '../../lib/fake-transport';

const WRITE = { method: 'PATCH', path: '/x' } as const;

/** A term that is assured for 10 s. */
function tenSeconds(): { clock: FakeClock; term: Term } {
  const clock = new FakeClock();
  return { clock, term: new Term(clock, 10_000) };
}

test('a leader reads and writes', async () => {
  const transport = new FakeTransport();
  const leader = leaderOnly(transport, tenSeconds().term);
  await leader.request({ method: 'GET', path: '/x' });
  await leader.request(WRITE);
  expect(transport.requests.map(({ method }) => method)).toEqual(['GET', 'PATCH']);
});

test.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('a deposed one does not %s, but reads', async (method) => {
  const { clock, term } = tenSeconds();
  const transport = new FakeTransport();
  const deposed = leaderOnly(transport, term);
  await clock.advance(10_000);
  await expect(deposed.request({ method, path: '/x' })).rejects.toMatchObject({ reason: 'NotLeading' });
  await deposed.request({ method: 'GET', path: '/x' });
  expect(transport.requests.map((request) => request.method)).toEqual(['GET']);
});

test('one that is deposed while the request is prepared does not send it', async () => {
  const { clock, term } = tenSeconds();
  let sent = 0;
  const slow: KubeTransport = {
    request: async (request) => {
      // As when credentials are read from a file: it takes longer than the leadership lasts.
      await clock.sleep(20_000);
      request.beforeSend?.();
      sent += 1;
      return {};
    },
    stream: () => new FakeTransport().stream(WRITE),
  };
  const outcome = leaderOnly(slow, term)
    .request(WRITE)
    .catch((error: unknown) => error);
  await clock.advance(20_000);
  expect(await outcome).toMatchObject({ reason: 'NotLeading' });
  expect(sent).toBe(0);
});

test('a request under way is broken off as soon as leadership is lost', async () => {
  const { clock, term } = tenSeconds();
  const signals: (AbortSignal | undefined)[] = [];
  const hanging: KubeTransport = {
    request: ({ signal }) => {
      signals.push(signal);
      return signal === undefined
        ? Promise.reject(new Error('no signal'))
        : untilAborted(new Promise(() => undefined), signal);
    },
    stream: () => new FakeTransport().stream(WRITE),
  };
  const outcome = leaderOnly(hanging, term)
    .request(WRITE)
    .catch((error: unknown) => error);
  await clock.advance(9_999);
  expect(signals.map((signal) => signal?.aborted)).toEqual([false]);
  term.end();
  expect(await outcome).toMatchObject({ reason: 'NotLeading' });
});

test("the server's own refusal stays what it is while leadership is assured", async () => {
  const transport = new FakeTransport();
  transport.answer = () => {
    throw new Error('409');
  };
  await expect(leaderOnly(transport, tenSeconds().term).request(WRITE)).rejects.toThrow('409');
});
