/** The agent on node-b installs the runtime wrapper into the real Docker there, and takes it away again. */
import { counterScript, expectUnbroken } from '../lib/counter';
import { docker, removeContainers } from '../lib/lab-docker';
import { deleteMigrations, migrateWell } from '../lib/lab-migration';
import { inNode, onNode } from '../lib/lab-node';
import { labEnvironment, mustRun, run } from '../lib/lab-tools';
import { poll, sleep } from '../lib/waiting';

const NODE = 'node-b';
const NAME = 'e2e-installation';
const BYSTANDER = 'e2e-installation-bystander';
const CONFIG = '/etc/docker/daemon.json';
const WRAPPER = '/usr/local/lib/transship-e2e/transship-runc';
const KEPT = '/run/daemon.json.before-the-test';

const config = (): string => onNode(NODE, 'cat "$1"', CONFIG);
const registered = (): string =>
  docker(NODE, 'info', '--format', '{{with index .Runtimes "transship"}}{{.Path}}{{end}}');
const daemon = (): string => mustRun('lab/service', ['status', `dockerd@${NODE}`]).trim();
const filesInEtc = (): string[] => onNode(NODE, 'ls -A /etc/docker').split('\n').sort();

/** Starts the agent of the node with further variables, or as the lab does. Returns what it has logged of the wrapper since. */
function restartAgent(environment: Record<string, string> = {}): () => readonly { reason: string; detail: string }[] {
  const log = `${labEnvironment()['LAB_DIR'] ?? ''}/log/agent@${NODE}.log`;
  const seen = mustRun('cat', [log]).length;
  const words = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const env = { ...labEnvironment(), LAB_AGENT_ENVIRONMENT: words.join(' ') };
  const outcome = run('lab/service', ['start', `agent@${NODE}`], { env });
  if (outcome.code !== 0) throw new Error(outcome.stderr);
  return () =>
    mustRun('cat', [log])
      .slice(seen)
      .split('\n')
      .filter((line) => line.includes('"message":"runtime wrapper"'))
      .map((line) => JSON.parse(line) as { reason: string; detail: string });
}

/** Status and reason of a condition of the node's object. */
function condition(type: string): string {
  const path = `{.status.conditions[?(@.type=="${type}")]['status','reason']}`;
  return mustRun('kubectl', ['get', 'migrationnode', NODE, '--output', `jsonpath=${path}`]);
}

/** What stands against driver runc here: driver docker may be possible all the same. */
function problemOfRunc(): string {
  const path = '{.status.drivers[?(@.name=="runc")].problems[0].reason}';
  return mustRun('kubectl', ['get', 'migrationnode', NODE, '--output', `jsonpath=${path}`]);
}

const inMode = (mode: string): ReturnType<typeof restartAgent> =>
  restartAgent({ TRANSSHIP_INSTALL: mode, TRANSSHIP_WRAPPER_PATH: WRAPPER });

function reload(): void {
  mustRun('lab/service', ['reload', `dockerd@${NODE}`]);
}

beforeAll(async () => {
  removeContainers(NAME, BYSTANDER);
  deleteMigrations();
  onNode(NODE, 'cp -a "$1" "$2"', CONFIG, KEPT);
  // As a node that never heard of it, with an odd form and what somebody else entered.
  onNode(
    NODE,
    `sed -i '/"runtimes"/d; s/cgroupfs"\\],/cgroupfs"], "runtimes" : {"other": {"path": "\\/usr\\/sbin\\/runc"}}/' "$1"`,
    CONFIG,
  );
  reload();
  await poll('Docker without the runtime', () => registered() === '');
});

afterAll(async () => {
  removeContainers(NAME, BYSTANDER);
  deleteMigrations();
  onNode(NODE, 'mv -f "$1" "$2"; rm -rf "$2".transship-* "${3%/*}"', KEPT, CONFIG, WRAPPER);
  reload();
  await poll('Docker with the runtime', () => registered() === '/opt/transship/oci/transship-runc');
  restartAgent();
});

test('a broken configuration is left as it is, and the agent runs on and says so', async () => {
  const good = config();
  onNode(NODE, 'printf %s "$2" >"$1"', CONFIG, '{"debug": true');
  const said = inMode('auto');
  const line = await poll('a word of it', () => said().at(-1));
  expect(line.reason).toBe('DaemonConfigInvalid');
  expect(line.detail).toContain('{"runtimes":{"transship":{"path":"/usr/local/lib/transship-e2e/transship-runc"}}}');
  expect([config(), registered()]).toEqual(['{"debug": true', '']);
  expect(filesInEtc()).toEqual(['daemon.json']);
  mustRun('lab/service', ['status', `agent@${NODE}`]);
  await poll('the condition', () => condition('WrapperInstalled') === 'False DaemonConfigInvalid');
  await poll('the driver that is not possible', () => problemOfRunc() === 'RestoreRuntimeMissing');
  onNode(NODE, 'printf "%s\\n" "$2" >"$1"', CONFIG, good);
});

test('a node without the wrapper gets it, nothing restarts, and a container can move there', async () => {
  docker(NODE, 'run', '-d', '--name', BYSTANDER, 'transship-lab/busybox:1', 'sleep', '600');
  const pids = (): string[] => [
    daemon(),
    docker(NODE, 'inspect', '-f', '{{.State.Pid}} {{.State.StartedAt}}', BYSTANDER),
  ];
  const [before, running] = [config(), pids()];
  mustRun('lab/service', ['stop', `agent@${NODE}`]);
  inMode('auto');
  await poll('the runtime', () => registered() === WRAPPER);

  expect(pids()).toEqual(running);
  const { runtimes, ...rest } = JSON.parse(config()) as { runtimes: Record<string, unknown> };
  expect(runtimes).toEqual({ other: { path: '/usr/sbin/runc' }, transship: { path: WRAPPER } });
  expect(rest).toEqual({ ...(JSON.parse(before) as object), runtimes: undefined });
  const [copy = '', ...others] = filesInEtc().filter((name) => name !== 'daemon.json');
  expect([copy, others]).toEqual([expect.stringMatching(/^daemon\.json\.transship-\d{8}T\d{6}Z$/), []]);
  expect(onNode(NODE, 'cat "/etc/docker/$1"', copy)).toBe(before);
  await poll('the condition', () => condition('WrapperInstalled') === 'True Registered');
  await poll('the node that is ready', () => condition('Ready') === 'True NodeReady');
  expect(onNode(NODE, 'stat -c "%a %u %g" "$1" "$2"', WRAPPER, CONFIG)).toBe('755 0 0\n644 0 0');

  docker('node-a', 'run', '-d', '--name', NAME, 'transship-lab/busybox:1', 'sh', '-c', counterScript(20_000));
  await sleep(300);
  await migrateWell({ name: NAME, container: NAME, from: 'node-a', to: NODE });
  expectUnbroken(docker(NODE, 'logs', NAME).split('\n'), 10);
});

test('it is not taken away while a container needs it, and then without a trace', async () => {
  docker(NODE, 'stop', '--time', '0', NAME);
  const said = inMode('remove');
  const line = await poll('a refusal', () => said().at(-1));
  expect(line.reason).toBe('RuntimeInUse');
  expect(line.detail).toContain(`remove or recreate ${NAME},`);
  expect(registered()).toBe(WRAPPER);
  docker(NODE, 'start', NAME);

  docker(NODE, 'rm', '-f', NAME);
  const running = [daemon(), docker(NODE, 'inspect', '-f', '{{.State.Pid}}', BYSTANDER)];
  mustRun('lab/service', ['stop', `agent@${NODE}`]);
  inMode('remove');
  await poll('Docker without the runtime', () => registered() === '');
  await poll('the condition', () => condition('WrapperInstalled') === 'False Removed');
  await poll('the end of the script', () => inNode(NODE, 'test', '-e', WRAPPER).code === 1);
  expect([daemon(), docker(NODE, 'inspect', '-f', '{{.State.Pid}}', BYSTANDER)]).toEqual(running);
  expect(JSON.parse(config())).toMatchObject({ runtimes: { other: {} } });
  expect(config()).not.toContain('transship"');
});
