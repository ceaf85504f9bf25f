import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DockerodeCheckpoints } from '../../../src/docker/dockerode-checkpoints';
import { useTemporaryDirectory } from '../../lib/temporary-directory';

const directory = useTemporaryDirectory();
let server: Server | undefined;
let sent: string[];

/** A daemon that gives one answer to everything, or none. */
async function daemon(status: number | undefined, message = ''): Promise<DockerodeCheckpoints> {
  sent = [];
  const record = async (request: IncomingMessage): Promise<void> => {
    const body = await text(request);
    sent.push(`${request.method ?? ''} ${(request.url ?? '').replace(/^\/v[\d.]+/, '')} ${body}`.trim());
  };
  server = createServer((request, response) => {
    void record(request).then(() => {
      if (status !== undefined) response.writeHead(status).end(message === '' ? '' : JSON.stringify({ message }));
    });
  });
  const socketPath = join(directory(), 'docker.sock');
  await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
  return new DockerodeCheckpoints({ socketPath, timeoutMs: 2_000 });
}

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => {
    if (server === undefined) resolve(undefined);
    else server.close(resolve);
  });
  server = undefined;
});

test('a checkpoint never ends its container', async () => {
  const checkpoints = await daemon(201);
  await checkpoints.create('looper', { name: 'chk', directory: '/volume/work', timeoutMs: 1_000 });
  const body = JSON.stringify({ CheckpointID: 'chk', CheckpointDir: '/volume/work', Exit: false });
  expect(sent).toEqual([`POST /containers/looper/checkpoints ${body}`]);
});

test('a restore names its checkpoint, and sends no body', async () => {
  const checkpoints = await daemon(204);
  await checkpoints.start('looper', { name: 'chk', timeoutMs: 1_000 });
  expect(sent).toEqual(['POST /containers/looper/start?checkpoint=chk']);
});

test('one that runs already was not restored', async () => {
  const checkpoints = await daemon(304);
  await expect(checkpoints.start('looper', { name: 'chk', timeoutMs: 1_000 })).rejects.toMatchObject({
    reason: 'EngineRefused',
  });
});

test("Docker's own words are told", async () => {
  const checkpoints = await daemon(500, 'criu failed: type NOTIFY errno 0');
  const work = checkpoints.create('looper', { name: 'chk', directory: '/v', timeoutMs: 1_000 });
  await expect(work).rejects.toMatchObject({
    reason: 'EngineRefused',
    message: 'Docker cannot checkpoint container looper: criu failed: type NOTIFY errno 0',
  });
});

test('one that does not answer is given up in time', async () => {
  const checkpoints = await daemon(undefined);
  const work = checkpoints.start('looper', { name: 'chk', timeoutMs: 50 });
  await expect(work).rejects.toMatchObject({ reason: 'EngineTimedOut' });
});

test('nothing is called "../x", and nobody is asked', async () => {
  const checkpoints = await daemon(204);
  await expect(checkpoints.start('../x', { name: 'chk', timeoutMs: 50 })).rejects.toMatchObject({
    reason: 'ContainerNotFound',
  });
  expect(sent).toEqual([]);
});
