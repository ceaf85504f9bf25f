import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DockerodeVolumes } from '../../../src/docker/dockerode-volumes';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
let server: Server | undefined;
let sent: string[];

/** A daemon that gives one answer to everything. */
async function daemon(answer: unknown, status = 200): Promise<DockerodeVolumes> {
  sent = [];
  const record = async (request: IncomingMessage): Promise<void> => {
    const body = await text(request);
    sent.push(`${request.method ?? ''} ${decodeURIComponent(request.url ?? '')} ${body}`.trim());
  };
  server = createServer((request, response) => {
    void record(request).then(() => response.writeHead(status).end(JSON.stringify(answer)));
  });
  const socketPath = join(directory(), 'docker.sock');
  await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
  return new DockerodeVolumes({ socketPath, timeoutMs: 2_000 });
}

afterEach(async () => {
  await new Promise((resolve) => {
    if (server === undefined) resolve(undefined);
    else server.close(resolve);
  });
  server = undefined;
});

test('a volume as Docker tells it', async () => {
  const volumes = await daemon({ Name: 'data', Driver: 'local', Mountpoint: '/v', Labels: null, Options: { o: 'ro' } });
  expect(await volumes.inspect('data')).toEqual({
    ...{ name: 'data', driver: 'local', mountpoint: '/v', labels: {} },
    options: { o: 'ro' },
  });
  expect(sent).toEqual(['GET /volumes/data']);
});

test('one that is not there is no error', async () => {
  const volumes = await daemon({ message: 'get data: no such volume' }, 404);
  expect(await volumes.inspect('data')).toBeUndefined();
  await volumes.remove('data');
  expect(sent).toEqual(['GET /volumes/data', 'DELETE /volumes/data']);
});

test.each(['../containers', 'a/b', ''])('nothing is called "%s", and nobody is asked', async (name) => {
  const volumes = await daemon({});
  expect(await volumes.inspect(name)).toBeUndefined();
  for (const work of [volumes.create(name, {}), volumes.remove(name)]) {
    await expect(work).rejects.toMatchObject({ reason: 'EngineRefused' });
  }
  expect(sent).toEqual([]);
});

test('what is sent to create one, and to list those of a label', async () => {
  const volumes = await daemon({ Volumes: [{ Name: 'data' }] });
  await volumes.create('data', { a: 'b' });
  expect(await volumes.list({ a: 'b' })).toEqual(['data']);
  expect(sent).toEqual([
    'POST /volumes/create? {"Name":"data","Driver":"local","Labels":{"a":"b"}}',
    'GET /volumes?filters={"label":["a=b"]}',
  ]);
});

test('who uses one, in every state', async () => {
  const volumes = await daemon([{ Id: 'c1', Names: ['/web'], State: 'exited' }]);
  expect(await volumes.usersOf('data')).toEqual([{ id: 'c1', name: 'web', state: 'exited' }]);
  expect(sent).toEqual(['GET /containers/json?all=true&filters={"volume":["data"]}']);
});

test('who has what mounted, in every state', async () => {
  const bind = { Type: 'bind', Source: '/srv/site', Destination: '/site', RW: false };
  const volumes = await daemon([
    { Id: 'c1', Names: ['/web'], State: 'created', Mounts: [bind, { Type: 'tmpfs', Destination: '/tmp' }] },
    { Id: 'c2', Names: null, State: 'running', Mounts: null },
  ]);
  const mount = { type: 'bind', name: '/srv/site', source: '/srv/site', destination: '/site', writable: false };
  expect(await volumes.mountUsers()).toEqual([
    { id: 'c1', name: 'web', state: 'created', mounts: [mount] },
    { id: 'c2', name: 'c2', state: 'running', mounts: [] },
  ]);
  expect(sent).toEqual(['GET /containers/json?all=true']);
});

test.each([
  ['a volume in use', 409, 'EngineRefused'],
  ['a daemon in trouble', 500, 'EngineRefused'],
])('%s is not removed, and that is told', async (_what, status, reason) => {
  const volumes = await daemon({ message: 'no' }, status);
  await expect(volumes.remove('data')).rejects.toMatchObject({ reason });
});

test('another answer than Docker documents is an error of its own', async () => {
  const volumes = await daemon({ Volumes: 7 });
  for (const work of [volumes.inspect('data'), volumes.list({}), volumes.usersOf('data'), volumes.mountUsers()]) {
    await expect(work).rejects.toMatchObject({ reason: 'EngineAnswerInvalid' });
  }
});
