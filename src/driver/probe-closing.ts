import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import type { Clock } from '../runtime/clock';
import { sleptThrough } from '../runtime/deadline';
import { describeError, reasonOf } from '../runtime/errors';
import type { CommandRunner } from '../runtime/exec';
import { killSockets } from './close-connections';

/** A connection that was destroyed is closed at once. */
const PATIENCE_MS = 1_000;

export type ClosingProbe =
  { readonly ok: true } | { readonly ok: false; readonly reason: 'ConnectionsNotClosable'; readonly message: string };

/**
 * Whether this node can destroy TCP connections of another process, found by doing it to one of our own: it takes `ss`
 * (iproute2) and a kernel with CONFIG_INET_DIAG_DESTROY, which says nothing when it lacks that.
 */
export async function probeClosing({ run, clock }: { run: CommandRunner; clock: Clock }): Promise<ClosingProbe> {
  const server = createServer((accepted) => accepted.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(port, '127.0.0.1');
  const noMoreWait = new AbortController();
  try {
    await once(client, 'connect');
    const reset = new Promise<boolean>((resolve) => {
      client
        .on('error', () => undefined)
        .once('close', () => {
          resolve(true);
        });
    });
    const connection = { local: `127.0.0.1:${client.localPort}`, remote: `127.0.0.1:${port}` };
    const { exitCode, stderr } = await killSockets(process.pid, [connection], run);
    if (exitCode !== 0) return refused(stderr.trim().slice(-300));
    const late = sleptThrough(clock, PATIENCE_MS, noMoreWait.signal).then(() => false);
    return (await Promise.race([reset, late])) ? { ok: true } : refused('the kernel did not do it');
  } catch (error) {
    return refused(`${reasonOf(error, 'Error')}: ${describeError(error)}`);
  } finally {
    noMoreWait.abort();
    client.destroy();
    server.close();
  }
}

function refused(why: string): ClosingProbe {
  return {
    ok: false,
    reason: 'ConnectionsNotClosable',
    message:
      `this node cannot close the TCP connections of a container (${why}): install iproute2, and a kernel with ` +
      'CONFIG_INET_DIAG_DESTROY; or set spec.connections: Refuse',
  };
}
