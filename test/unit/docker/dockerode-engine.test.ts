import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DockerodeEngine } from '../../../src/docker/dockerode-engine';
import type { ContainerEngine } from '../../../src/docker/engine';
import { ReasonedError } from '../../../src/runtime/errors';
import { inspectAnswer } from '../../lib/inspect-fixtures';

const ID = 'c'.repeat(64);

let directory: string;
let socketPath: string;
let server: Server | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'engine-'));
  socketPath = join(directory, 'docker.sock');
});

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise<unknown>((resolve) => {
    if (server === undefined) resolve(undefined);
    else server.close(resolve);
  });
  server = undefined;
  rmSync(directory, { recursive: true });
});

/** A daemon that answers every request so. */
async function daemon(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<ContainerEngine> {
  server = createServer(answer);
  await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
  return new DockerodeEngine({ socketPath, timeoutMs: 2_000 });
}

function refusing(status: number, message: string): Promise<ContainerEngine> {
  return daemon((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
  });
}

async function failure(work: Promise<unknown>): Promise<ReasonedError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ReasonedError) return error;
    throw error;
  }
  throw new Error('did not fail');
}

test('no socket: the daemon is unreachable, and the message says where it was looked for', async () => {
  const error = await failure(new DockerodeEngine({ socketPath }).info());
  expect(error.reason).toBe('EngineUnreachable');
  expect(error.message).toContain(socketPath);
});

test('a daemon that dies in the middle of a call is unreachable', async () => {
  const engine = await daemon((request) => request.socket.destroy());
  expect((await failure(engine.info())).reason).toBe('EngineUnreachable');
});

test('a daemon that does not answer is given up at the deadline of the call', async () => {
  await daemon(() => undefined);
  const engine = new DockerodeEngine({ socketPath, timeoutMs: 50 });
  expect((await failure(engine.inspect(ID))).reason).toBe('EngineTimedOut');
  expect((await failure(engine.start(ID, { timeoutMs: 20 }))).reason).toBe('EngineTimedOut');
});

test('an answer that is not what Docker documents is an error of its own', async () => {
  const engine = await daemon((_request, response) => response.end('[{"Id":1}]'));
  expect((await failure(engine.list())).reason).toBe('EngineAnswerInvalid');
});

test.each([
  [404, 'No such image: sha256:1', 'ImageMissing'],
  [404, 'No such container: web', 'ContainerNotFound'],
  [404, 'network blue not found', 'EngineRefused'],
  [409, 'Conflict. The container name "/web" is already in use by container "1". You have to remove…', 'NameTaken'],
  [409, 'conflicting options: hostname and the network mode', 'EngineRefused'],
  [400, 'unknown or invalid runtime name: x', 'EngineRefused'],
  [500, 'disk on fire', 'EngineRefused'],
])('%s "%s" on create means %s, with the words of Docker', async (status, message, reason) => {
  const engine = await refusing(status, message);
  const body = { Image: 'sha256:1', Labels: {}, HostConfig: {}, NetworkingConfig: { EndpointsConfig: {} } };
  const error = await failure(engine.create('web', body));
  expect(error.reason).toBe(reason);
  expect(error.message).toContain(message);
});

test('what is not there is no error where it is asked for', async () => {
  const engine = await refusing(404, 'No such container: web');
  expect(await engine.inspect('web')).toBeUndefined();
  expect(await engine.findImage('web')).toBeUndefined();
  await engine.kill(ID);
  await engine.remove(ID, { force: true });
});

test.each(['../networks', 'a/b', '', 'a b', 'a?b', 'a%2f'])(
  'nothing is called "%s", and nobody is asked',
  async (name) => {
    const engine = new DockerodeEngine({ socketPath });
    expect(await engine.inspect(name)).toBeUndefined();
    expect(await engine.findImage(`x/../${name}`)).toBeUndefined();
    expect((await failure(engine.kill(name))).reason).toBe('ContainerNotFound');
  },
);

test('a refused change is none when the container is in the wanted state already', async () => {
  const inspected = inspectAnswer('docker28', 'none') as { State: object };
  const engine = await daemon((request, response) => {
    if (request.method === 'POST') response.writeHead(409).end('{"message":"no"}');
    else response.end(JSON.stringify({ ...inspected, State: { ...inspected.State, Status: 'paused' } }));
  });
  await engine.pause(ID);
  expect((await failure(engine.unpause(ID))).reason).toBe('EngineRefused');
  expect((await failure(engine.kill(ID))).reason).toBe('EngineRefused');
});

describe('what is sent', () => {
  let sent: { line: string; body: string }[];

  async function recorder(answer = '{}'): Promise<ContainerEngine> {
    sent = [];
    return daemon((request, response) => {
      void text(request).then((body) => {
        sent.push({ line: `${request.method ?? ''} ${decodeURIComponent(request.url ?? '')}`, body });
        response.end(answer);
      });
    });
  }

  test('start has no body, which Docker would refuse', async () => {
    await (await recorder()).start(ID, { timeoutMs: 1_000 });
    expect(sent).toEqual([{ line: `POST /containers/${ID}/start?`, body: '' }]);
  });

  test('create has its name in the query and the container in the body', async () => {
    const body = { Image: 'sha256:1', Labels: { a: 'b' }, HostConfig: {}, NetworkingConfig: { EndpointsConfig: {} } };
    expect(await (await recorder('{"Id":"abc"}')).create('web', body)).toBe('abc');
    expect(sent).toEqual([{ line: 'POST /containers/create?name=web', body: JSON.stringify(body) }]);
  });

  test('list asks for every state, and for all labels at once', async () => {
    await (await recorder('[]')).list({ a: '1', b: '2' });
    expect(sent).toEqual([{ line: 'GET /containers/json?all=true&filters={"label":["a=1","b=2"]}', body: '' }]);
  });

  test('the count of a restart policy goes along only where it counts', async () => {
    const engine = await recorder();
    await engine.setRestartPolicy(ID, { name: 'always', maximumRetryCount: 7 });
    await engine.setRestartPolicy(ID, { name: 'on-failure', maximumRetryCount: 7 });
    expect(sent.map(({ body }) => body)).toEqual([
      '{"RestartPolicy":{"Name":"always","MaximumRetryCount":0}}',
      '{"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":7}}',
    ]);
  });

  test('it goes to the socket, whatever DOCKER_HOST says', async () => {
    process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:1';
    try {
      const engine = await recorder('[]');
      expect(await engine.list()).toEqual([]);
    } finally {
      delete process.env['DOCKER_HOST'];
    }
  });
});
