import type { NodeName } from './lab-docker';
import { askDocker } from './chaos-docker';
import { sleep } from './waiting';

/**
 * What is moved: `counter` is a shell whose short-lived children come and go, `server` a program that counts on while
 * it answers over TCP with what it remembers. Both append `<number> <seconds since the epoch>` to /count for every number,
 * and 0 when they are started afresh: a file, because it is carried along, can be read from outside, and does not pass
 * through a daemon that is killed; the wall clock, because CRIU lets the others go on where they stood, so that two
 * copies of one checkpoint could write the very same line.
 */
export type WorkloadKind = 'counter' | 'server';

/** Where the server listens. */
export const SERVER_PORT = 8000;

const COUNTER = `
i=0
while :; do
  echo "$i $EPOCHREALTIME" >>/count
  i=$((i+1))
  usleep 10000
done`;

const SERVER = `
import os, socketserver, sys, threading, time
born, n = time.time_ns(), 0
out = os.open("/count", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(f"{born} {n}\\n".encode())
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
threading.Thread(target=Server(("0.0.0.0", ${SERVER_PORT}), Handler).serve_forever, daemon=True).start()
while True:
    os.write(out, f"{n} {time.time():.6f}\\n".encode())
    n += 1
    time.sleep(0.01)
`;

/** How long dockerd may take to find a containerd again that was killed in the case before. */
const RECOVERY_MS = 30_000;

/** Creates and starts a workload, which Docker is told to restart always, as for anything that must not stop. */
export async function startWorkload(node: NodeName, name: string, kind: WorkloadKind): Promise<void> {
  await askDocker(node, 'POST', `/containers/create?name=${name}`, bodyOf(kind));
  const deadline = Date.now() + RECOVERY_MS;
  for (;;) {
    try {
      await askDocker(node, 'POST', `/containers/${name}/start`);
      return;
    } catch (error) {
      if (!String(error).includes('Unavailable') || Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

function bodyOf(kind: WorkloadKind): object {
  const [Image, ...Cmd] =
    kind === 'counter'
      ? ['transship-lab/busybox:1', 'sh', '-c', COUNTER]
      : ['transship-lab/python:1', 'python3', '-c', SERVER];
  const port = `${SERVER_PORT}/tcp`;
  const server = kind === 'server';
  return {
    Image,
    Cmd,
    ...(server ? { ExposedPorts: { [port]: {} } } : {}),
    HostConfig: {
      RestartPolicy: { Name: 'always' },
      ...(server ? { PortBindings: { [port]: [{ HostPort: String(SERVER_PORT) }] } } : {}),
    },
  };
}
