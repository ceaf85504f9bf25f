/** The image of the container: how it comes to a node that lacks it, and what is refused. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { counterScript, expectUnbroken } from '../lib/counter';
import { letAgentsGoOn, migrateHeld } from '../lib/held-migration';
import { flipBit } from '../lib/hostile-files';
import type { NodeName } from '../lib/lab-docker';
import { containerNames, docker, LogFollower, removeContainers, stateOf } from '../lib/lab-docker';
import { deleteMigrations, migrate, migrateWell } from '../lib/lab-migration';
import { onNode } from '../lib/lab-node';
import { labEnvironment } from '../lib/lab-tools';
import { poll } from '../lib/waiting';

const NODES = ['node-a', 'node-b'] as const;
const NAME = 'e2e-image';
const REGISTRY = 'e2e-image-registry';
/** Of this run alone: no node has it from before. */
const IMAGE = `transship-lab/e2e-image:${process.pid}`;
const LABEL = 'transship-e2e-image';
const BASE = 'transship-lab/busybox:1';
const REPOSITORY = '127.0.0.1:5057/e2e-image';

const volume = (): string => join(labEnvironment()['LAB_DIR'] ?? '', 'shared');
const ids = (node: NodeName): string[] => docker(node, 'image', 'ls', '--all', '--no-trunc', '--quiet').split('\n');
const idOf = (node: NodeName, name: string): string => docker(node, 'image', 'inspect', '--format', '{{.Id}}', name);
const imageOf = (node: NodeName): string => docker(node, 'inspect', '--format', '{{.Image}}', NAME);

/** Takes away what the tests made, whether it is there or not. */
function clean(): void {
  letAgentsGoOn();
  deleteMigrations();
  removeContainers(NAME, REGISTRY);
  // A name may have been given to somebody else's image: only the name goes. What has no name is known by the label.
  const names = "for name; do docker image ls --format '{{.Repository}}:{{.Tag}}' \"$name\"; done | grep -v '<none>'";
  const unnamed = `docker image ls --quiet --filter label=${LABEL}`;
  const script = `{ ${names}; } | xargs -r docker image rm -f; ${unnamed} | sort -u | xargs -r docker image rm -f`;
  for (const node of NODES) onNode(node, script, 'transship-lab/e2e-image', REPOSITORY);
}

let imageID: string;
let follower: LogFollower;

/** An image with a layer of its own of 8 MiB, which no two runs have in common, and a container from it that counts. */
beforeEach(async () => {
  clean();
  docker('node-a', 'run', '--name', NAME, BASE, 'sh', '-c', 'dd if=/dev/urandom of=/own bs=1M count=8 2>/dev/null');
  imageID = docker('node-a', 'commit', '--change', `LABEL ${LABEL}=1`, NAME, IMAGE);
  docker('node-a', 'rm', NAME);
  docker('node-a', 'run', '-d', '--name', NAME, '--restart', 'always', IMAGE, 'sh', '-c', counterScript(20_000));
  follower = new LogFollower('node-a', NAME);
  await poll('the counter to count', () => follower.lines().length > 50);
  expect(ids('node-b')).not.toContain(imageID);
});
afterAll(clean);

const move = { container: NAME, from: 'node-a', to: 'node-b' } as const;

/** The container counts on node-a as if nothing had happened: it was never paused, and node-b has nothing of it. */
async function expectUntouched(): Promise<void> {
  const before = follower.lines().length;
  await poll('the counter to count on', () => follower.lines().length > before + 5);
  const format = '{{.State.Status}} {{.HostConfig.RestartPolicy.Name}} {{.RestartCount}}';
  expect(docker('node-a', 'inspect', '--format', format, NAME)).toBe('running always 0');
  expect(containerNames('node-b')).not.toContain(NAME);
  removeContainers(NAME);
  expectUnbroken(await follower.finish(), 5);
}

test('carried over the volume it arrives with the same ID and the name it had, and its container goes on', async () => {
  const { status } = await migrateWell({ name: 'image-transfer', ...move });
  expect(status.target).toMatchObject({ image: 'Transfer', state: 'Settled' });
  expect(status.source?.imageArchive?.sizeBytes).toBeGreaterThan(8 * 2 ** 20);
  // Not hashed while the container stands still: the checkpoint is the memory alone.
  expect(status.checkpoint?.sizeBytes).toBeLessThan(8 * 2 ** 20);
  expect(imageOf('node-b')).toBe(imageID);
  expect(idOf('node-b', IMAGE)).toBe(imageID);
  expect(stateOf('node-b', NAME)).toBe('running');
  const own = (): string => docker('node-b', 'exec', NAME, 'wc', '-c', '/own');
  expect(own()).toMatch(/^8388608 /);
  expect(onNode('node-b', 'find /mnt/transship -path "*image-transfer*" -not -path "*/.transship/traces/*"')).toBe('');
  const left = Number((await follower.finish()).at(-1));
  await poll('it to count on', () => Number(docker('node-b', 'logs', '--tail', '1', NAME)) > left);
});

test('its name is not taken away from another image', async () => {
  docker('node-b', 'tag', BASE, IMAGE);
  const before = idOf('node-b', IMAGE);
  await migrateWell({ name: 'image-name', ...move });
  expect(imageOf('node-b')).toBe(imageID);
  expect(idOf('node-b', IMAGE)).toBe(before);
  await follower.finish();
});

test('with spec.image Require it is refused, and nothing is touched', async () => {
  const { status } = await migrate({ name: 'image-require', ...move, spec: { image: 'Require' } });
  expect(status).toMatchObject({ phase: 'Failed', reason: 'ImageMissing' });
  expect(status.message).toContain('spec.image');
  await expectUntouched();
  expect(ids('node-b')).not.toContain(imageID);
});

test('with spec.image Pull and no registry that has it, it is refused, and nothing is touched', async () => {
  const { status } = await migrate({ name: 'image-pull', ...move, spec: { image: 'Pull' } });
  expect(status).toMatchObject({ phase: 'Failed', reason: 'ImageNotPullable' });
  expect(status.source?.freezeStartedAt).toBeUndefined();
  await expectUntouched();
  expect(ids('node-b')).not.toContain(imageID);
});

test('changed on the volume it is refused before anything is frozen', async () => {
  const manifest = { name: 'image-changed', container: NAME, spec: { retainCheckpoint: 'Never' } };
  let archive = '';
  const { status } = await migrateHeld(manifest, 'described', ({ metadata: { name, uid } }) => {
    archive = join(volume(), 'default', `${name}-${uid.slice(0, 8)}`, '1', 'image.tar');
    expect(statSync(archive).mode & 0o777).toBe(0o600);
    flipBit(archive, 8 * 2 ** 20);
  });
  expect(status).toMatchObject({ phase: 'RolledBack', reason: 'ImageArchiveCorrupt' });
  expect(status.source?.freezeStartedAt).toBeUndefined();
  await expectUntouched();
  expect(ids('node-b')).not.toContain(imageID);
  expect(existsSync(archive)).toBe(false);
});

test.each(['Pull', 'Transfer'])('with spec.image %s it is pulled from a registry that has it', async (image) => {
  const own = mkdtempSync(join(volume(), '.registry-'));
  try {
    await serveFrom(own);
    const index = JSON.parse(readFileSync(join(own, 'index.json'), 'utf8')) as { manifests: { digest: string }[] };
    const digest = `${REPOSITORY}@${index.manifests[0]?.digest ?? ''}`;
    // Docker remembers where it has an image from.
    docker('node-a', 'pull', digest);
    expect(docker('node-a', 'image', 'inspect', '--format', '{{.RepoDigests}}', imageID)).toContain(digest);
    const { status } = await migrateWell({
      name: `image-from-registry-${image.toLowerCase()}`,
      ...move,
      spec: { image },
    });
    expect(status.target?.image).toBe('Pull');
    expect(status.source?.imageArchive).toBeUndefined();
    expect(imageOf('node-b')).toBe(imageID);
    expect(idOf('node-b', IMAGE)).toBe(imageID);
    await follower.finish();
  } finally {
    removeContainers(REGISTRY);
    rmSync(own, { recursive: true });
  }
});

/** A registry of this one image on each node, as 127.0.0.1 alone needs no certificate there. */
async function serveFrom(directory: string): Promise<void> {
  const saved = join(directory, 'saved.tar');
  const inNodes = join('/mnt/transship', directory.slice(volume().length + 1));
  onNode('node-a', 'docker save --output "$1" "$2"', `${inNodes}/saved.tar`, imageID);
  execFileSync('tar', ['--extract', `--file=${saved}`, `--directory=${dirname(saved)}`]);
  const program = `
import http.server
class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, body = "application/json", b"{}"
        if "sha256:" in self.path:
            body = open("/registry/blobs/sha256/" + self.path.split("sha256:")[1], "rb").read()
            manifest = "/manifests/" in self.path
            kind = "application/vnd.oci.image.manifest.v1+json" if manifest else "application/octet-stream"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET": self.wfile.write(body)
    do_HEAD = do_GET
server = http.server.ThreadingHTTPServer(("127.0.0.1", 5057), Registry)
print("ready", flush=True)
server.serve_forever()
`;
  for (const node of NODES) {
    const options = ['--network', 'host', '--volume', `${inNodes}:/registry:ro`];
    docker(node, 'run', '-d', '--name', REGISTRY, ...options, 'transship-lab/python:1', 'python3', '-c', program);
  }
  for (const node of NODES) await poll('the registry', () => docker(node, 'logs', REGISTRY).includes('ready'));
}
