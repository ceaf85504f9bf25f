import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../../src/runtime/clock';
import type { HealthCheck, HealthServer } from '../../../src/runtime/health';
import { startHealthServer } from '../../../src/runtime/health';
import { recordingLogger } from '../../lib/recording-logger';

const well: HealthCheck = { name: 'well', check: () => undefined };
const ill: HealthCheck = { name: 'disk', check: () => Promise.reject(new Error('full')) };
const broken: HealthCheck = {
  name: 'broken',
  check: () => {
    throw new Error('threw at once', { cause: new Error('ENOENT') });
  },
};
const hanging: HealthCheck = { name: 'docker', check: () => new Promise(() => undefined) };

const servers: HealthServer[] = [];

async function serve(checks: { live?: HealthCheck[]; ready?: HealthCheck[] }): Promise<HealthServer> {
  const { live = [], ready = [] } = checks;
  const common = { port: 0, address: '127.0.0.1', clock: systemClock, log: recordingLogger(), checkTimeoutMs: 50 };
  const server = await startHealthServer({ ...common, live, ready });
  servers.push(server);
  return server;
}

async function ask(server: HealthServer, path: string): Promise<[number, string]> {
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`);
  return [answer.status, await answer.text()];
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

test.each<[string, HealthCheck[], [number, string]]>([
  ['no check', [], [200, 'ok']],
  ['checks that are well', [well, { name: 'slow', check: () => systemClock.sleep(1) }], [200, 'ok']],
  ['one that fails', [well, ill], [503, 'disk: full\n']],
  ['two that fail', [ill, broken], [503, 'disk: full\nbroken: threw at once: ENOENT\n']],
  ['one that hangs', [hanging], [503, 'docker: the check docker took longer than 50 ms\n']],
])('with %s', async (_name, ready, answer) => {
  expect(await ask(await serve({ ready }), '/readyz')).toEqual(answer);
});

test('being alive and being ready are asked apart', async () => {
  const server = await serve({ live: [well], ready: [ill] });
  expect(await ask(server, '/healthz')).toEqual([200, 'ok']);
  expect(await ask(server, '/readyz?verbose')).toEqual([503, 'disk: full\n']);
  expect((await ask(server, '/metrics'))[0]).toBe(404);
});

test('a closed server accepts nothing more and answers what was asked before', async () => {
  const gate = Promise.withResolvers<undefined>();
  const asked = Promise.withResolvers<undefined>();
  const slow: HealthCheck = {
    name: 'slow',
    check: () => {
      asked.resolve(undefined);
      return gate.promise;
    },
  };
  const server = await serve({ ready: [slow] });
  const answer = ask(server, '/readyz');
  await asked.promise;
  const closed = server.close();
  gate.resolve(undefined);
  expect(await answer).toEqual([200, 'ok']);
  await closed;
  await expect(ask(server, '/healthz')).rejects.toThrow();
});

test('a port that is taken is an error, not a silence', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const common = { live: [], ready: [], clock: systemClock, log: recordingLogger() };
  await expect(startHealthServer({ ...common, port, address: '127.0.0.1' })).rejects.toThrow('EADDRINUSE');
  await new Promise((resolve) => other.close(resolve));
});
