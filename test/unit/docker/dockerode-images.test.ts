import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createImageTransport } from '../../../src/docker/dockerode-images';
import type { ImageTransport } from '../../../src/docker/images';
import { ReasonedError } from '../../../src/runtime/errors';
import { archiveOf, textOf } from '../../lib/fake-images';

const ID = `sha256:${'1'.repeat(64)}`;
const DIGEST = `registry.example:5000/team/web@sha256:${'a'.repeat(64)}`;

let directory: string;
let socketPath: string;
let server: Server | undefined;
let sent: { line: string; body: string }[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'images-'));
  socketPath = join(directory, 'docker.sock');
  sent = [];
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

async function daemon(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<ImageTransport> {
  server = createServer(answer);
  await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
  return createImageTransport({ socketPath, timeoutMs: 2_000 });
}

/** Takes everything, answers so, and notes what it was asked. */
function answering(status: number, ...answer: string[]): Promise<ImageTransport> {
  return daemon((request, response) => {
    void text(request).then((body) => {
      sent.push({ line: `${request.method ?? ''} ${decodeURIComponent(request.url ?? '')}`, body });
      response.writeHead(status, { 'content-type': 'application/json' });
      for (const piece of answer) response.write(piece);
      response.end();
    });
  });
}

const signal = (): AbortSignal => new AbortController().signal;

describe('the digests of an image', () => {
  test('are those that a registry can be asked by', async () => {
    const names = [DIGEST, '<none>@<none>', `evil/../x@sha256:${'a'.repeat(64)}`, 7, 'web:1'];
    const images = await answering(200, JSON.stringify({ Id: ID, RepoDigests: names }));
    expect(await images.digestsOf(ID)).toEqual([DIGEST]);
  });

  test('are none when there is no image, or it was made here', async () => {
    expect(await (await answering(404, '{"message":"No such image"}')).digestsOf(ID)).toEqual([]);
  });

  test('are none of an image that knows none', async () => {
    expect(await (await answering(200, JSON.stringify({ Id: ID, RepoDigests: null }))).digestsOf(ID)).toEqual([]);
  });
});

describe('a save', () => {
  test('asks for the ID alone, and gives the bytes as they come', async () => {
    const images = await answering(200, 'some', 'bytes');
    expect(await textOf(await images.save(ID, { signal: signal() }))).toBe('somebytes');
    expect(sent).toEqual([{ line: `GET /images/get?names=${ID}`, body: '' }]);
  });

  test('of an image that is not there says so', async () => {
    const images = await answering(404, '{"message":"No such image: x"}');
    await expect(images.save(ID, { signal: signal() })).rejects.toMatchObject({ reason: 'EngineRefused' });
  });

  test('that the daemon breaks off is an error', async () => {
    const images = await daemon((request, response) => {
      response.writeHead(200).write('half');
      setTimeout(() => request.socket.destroy(), 20);
    });
    const content = await images.save(ID, { signal: signal() });
    await expect(textOf(content)).rejects.toMatchObject({ reason: 'EngineUnreachable' });
  });

  test('ends with its signal, before and after it has begun', async () => {
    const given = new AbortController();
    const reason = new ReasonedError('NoLongerWanted', 'for the test');
    const images = await daemon((_request, response) => response.writeHead(200).write('half'));
    const reading = textOf(await images.save(ID, { signal: given.signal }));
    given.abort(reason);
    await expect(reading).rejects.toBe(reason);
    await expect(images.save(ID, given)).rejects.toBe(reason);
  });
});

describe('a load', () => {
  test('sends the archive', async () => {
    const images = await answering(200, '{"stream":"Loaded image ID: x"}\n');
    await images.load(archiveOf('an archive'), { signal: signal() });
    expect(sent).toEqual([{ line: 'POST /images/load?quiet=true', body: 'an archive' }]);
  });

  test('that Docker refuses in its answer has not happened', async () => {
    const images = await answering(
      200,
      '{"stream":"x"}\n{"errorDetail":{"message":"no ',
      'space"},"error":"no space"}',
    );
    const loading = images.load(archiveOf('an archive'), { signal: signal() });
    await expect(loading).rejects.toMatchObject({ reason: 'ImageNotLoaded', message: /no space/ });
  });

  test('of an archive that fails fails as the archive does', async () => {
    const images = await answering(200, '{}');
    const fault = new ReasonedError('ImageArchiveCorrupt', 'for the test');
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield Promise.resolve(Buffer.from('half'));
      throw fault;
    };
    await expect(images.load(broken(), { signal: signal() })).rejects.toBe(fault);
    expect(sent).toEqual([]);
  });

  test('ends with its signal while Docker does not answer', async () => {
    const images = await daemon((request) => request.resume());
    const given = new AbortController();
    const reason = new ReasonedError('ImageTimedOut', 'for the test');
    setTimeout(() => {
      given.abort(reason);
    }, 20);
    await expect(images.load(archiveOf('x'), { signal: given.signal })).rejects.toBe(reason);
  });
});

describe('a registry that is asked', () => {
  test('says that it has the image', async () => {
    const images = await answering(200, '{"Descriptor":{}}');
    await images.ask(DIGEST, { timeoutMs: 1_000 });
    expect(sent).toEqual([{ line: `GET /distribution/${DIGEST}/json`, body: '' }]);
  });

  test.each([
    [401, 'unauthorized', 'ImageNotPullable'],
    [403, 'denied', 'ImageNotPullable'],
    [404, 'manifest unknown', 'ImageNotPullable'],
    [500, 'dial tcp: lookup registry.example: no such host', 'ImagePullFailed'],
  ])('and answers %s "%s" means %s', async (status, message, reason) => {
    const images = await answering(status, JSON.stringify({ message }));
    await expect(images.ask(DIGEST, { timeoutMs: 1_000 })).rejects.toMatchObject({ reason });
  });

  test('and does not answer is not waited for', async () => {
    const images = await daemon(() => undefined);
    await expect(images.ask(DIGEST, { timeoutMs: 20 })).rejects.toMatchObject({ reason: 'ImagePullFailed' });
  });

  test.each(['web:1', '../web', `a/../../containers@sha256:${'a'.repeat(64)}`, 'web@sha256:1'])(
    'for "%s" is not asked at all',
    async (name) => {
      const images = createImageTransport({ socketPath });
      await expect(images.ask(name, { timeoutMs: 1_000 })).rejects.toMatchObject({ reason: 'ImageNotPullable' });
      await expect(images.pull(name, { signal: signal() })).rejects.toMatchObject({ reason: 'ImageNotPullable' });
    },
  );
});

describe('a pull', () => {
  test('is of the digest, and tells how much has come', async () => {
    const event = (id: string, status: string, current: number): string =>
      `${JSON.stringify({ id, status, progressDetail: { current, total: 100 } })}\n`;
    const images = await answering(
      200,
      event('a', 'Downloading', 10) + event('b', 'Downloading', 5),
      event('a', 'Downloading', 90) + event('a', 'Extracting', 3),
      '{"status":"Digest: x"}',
    );
    const told: number[] = [];
    await images.pull(DIGEST, { signal: signal(), onBytes: (total) => told.push(total) });
    expect(told).toEqual([10, 15, 95]);
    const [repository, digest] = DIGEST.split('@') as [string, string];
    expect(sent).toEqual([{ line: `POST /images/create?fromImage=${repository}&tag=${digest}`, body: '' }]);
  });

  test.each([
    [200, '{"error":"manifest unknown"}'],
    [500, '{"message":"dial tcp: no such host"}'],
    [404, '{"message":"not found"}'],
  ])('that fails (%s %s) has not happened', async (status, answer) => {
    const images = await answering(status, answer);
    await expect(images.pull(DIGEST, { signal: signal() })).rejects.toMatchObject({ reason: 'ImagePullFailed' });
  });

  test('whose answer is no JSON is an error of its own', async () => {
    const images = await answering(200, '<html>');
    await expect(images.pull(DIGEST, { signal: signal() })).rejects.toMatchObject({ reason: 'EngineAnswerInvalid' });
  });
});

test.each([
  ['web', 'web', 'latest'],
  ['registry.example:5000/team/web', 'registry.example:5000/team/web', 'latest'],
  ['registry.example:5000/team/web:1.2', 'registry.example:5000/team/web', '1.2'],
])('the name %s is given as %s and %s', async (name, repo, tag) => {
  await (await answering(201)).tag(ID, name);
  expect(sent).toEqual([{ line: `POST /images/${ID}/tag?repo=${repo}&tag=${tag}`, body: '' }]);
});
