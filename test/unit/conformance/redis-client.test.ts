import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { RedisClient } from '../../conformance/redis-client';

/** Answers every call with the next of these, in the pieces that they are given in. */
async function serving(
  ...answers: (readonly string[])[]
): Promise<{ client: RedisClient; server: Server; heard: string[] }> {
  const heard: string[] = [];
  const server = createServer((socket: Socket) => {
    socket.on('data', (chunk: Buffer) => {
      heard.push(chunk.toString());
      const pieces = [...(answers.shift() ?? [])];
      const next = (): void => {
        const piece = pieces.shift();
        if (piece === undefined) return;
        socket.write(piece);
        setTimeout(next, 5);
      };
      next();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { client: new RedisClient('127.0.0.1', (server.address() as AddressInfo).port), server, heard };
}

let close = (): void => undefined;
const begin = async (...answers: (readonly string[])[]): Promise<{ client: RedisClient; heard: string[] }> => {
  const { client, server, heard } = await serving(...answers);
  close = () => {
    client.close();
    server.close();
  };
  return { client, heard };
};
afterEach(() => {
  close();
});

test('a call is sent as a list of words, and answers of every kind are read, in whatever pieces they come', async () => {
  const { client, heard } = await begin(['+PO', 'NG\r\n'], ['*3\r\n$2\r\nä\r', '\n$-1\r\n', ':7\r\n']);
  expect(await client.call(['PING'])).toBe('PONG');
  expect(await client.call(['MGET', 'ä'])).toEqual(['ä', null, 7]);
  expect(heard).toEqual(['*1\r\n$4\r\nPING\r\n', '*2\r\n$4\r\nMGET\r\n$2\r\nä\r\n']);
});

test('an error of the server is thrown, and the connection can be used on', async () => {
  const { client } = await begin(['-ERR no such command\r\n'], ['+OK\r\n']);
  await expect(client.call(['NO'])).rejects.toThrow('ERR no such command');
  expect(await client.call(['SET', 'a', 'b'])).toBe('OK');
});

test('without an answer the call fails in time, and so do all that follow', async () => {
  const { client } = await begin([]);
  await expect(client.call(['PING'], 50)).rejects.toThrow('no answer within 50 ms');
  await expect(client.call(['PING'], 50)).rejects.toThrow('no answer');
});
