/** Shows one migration: the container before, a live timeline, the object, the container after, the downtime. */
import { execFileSync, spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import type { ContainerMigration } from '../src/api/types';
import { isFinal } from '../src/api/types';
import { preciseMs } from '../src/protocol/duration';

const NAME = 'move-looper';
const CONTAINER = 'looper';
const MANIFEST = `apiVersion: transship.dev/v1alpha1
kind: ContainerMigration
metadata:
  name: ${NAME}
spec:
  source: { nodeName: node-a, container: ${CONTAINER} }
  target: { nodeName: node-b }
`;
const LOOP = 'i=0; while :; do i=$((i+1)); echo "tick $i"; usleep 100000; done';
/** The parts of a migration in the order in which they happen. */
const PARTS = [
  'preflight',
  'prepare',
  'freeze',
  'dump',
  'publish',
  'handover',
  'verify',
  'claim',
  'restore',
  'total',
] as const;
const DEADLINE_MS = 120_000;

const colours = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const bold = (text: string): string => (colours ? `\u001b[1m${text}\u001b[0m` : text);
const dim = (text: string): string => (colours ? `\u001b[2m${text}\u001b[0m` : text);
const say = (text = ''): void => {
  console.log(colours ? text : stripVTControlCharacters(text));
};

const hostOf = (node: string): string => process.env[`DOCKER_HOST_${node.replaceAll('-', '_')}`] ?? '';
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function run(program: string, args: readonly string[], options: { input?: string; quiet?: boolean } = {}): string {
  const { input, quiet } = options;
  return execFileSync(program, args, {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', quiet === true ? 'ignore' : 'inherit'],
    timeout: 60_000,
    ...(input === undefined ? {} : { input }),
  });
}

const docker = (node: string, ...args: string[]): string => run('docker', ['--host', hostOf(node), ...args]).trimEnd();

function attempt(action: () => unknown): void {
  try {
    action();
  } catch {
    // Nothing was left to remove.
  }
}

/** What a container writes, from now until it is removed. */
function follow(node: string): { lines: () => string[]; stop: () => void } {
  let text = '';
  const child = spawn('docker', ['--host', hostOf(node), 'logs', '--follow', CONTAINER], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  return { lines: () => text.split('\n').filter(Boolean), stop: () => child.kill() };
}

/** Shows each phase as it begins, then how long it took. */
async function timeline(): Promise<ContainerMigration> {
  const deadline = Date.now() + DEADLINE_MS;
  let shown = 0;
  for (;;) {
    const migration = JSON.parse(run('kubectl', ['get', 'cmig', NAME, '-o', 'json'])) as ContainerMigration;
    const status = migration.status as ContainerMigration['status'] | undefined;
    const transitions = status?.phaseTransitions ?? [];
    const [first] = transitions;
    for (const { phase, at } of transitions.slice(shown)) {
      const sinceStart = first === undefined ? 0 : preciseMs(at) - preciseMs(first.at);
      say(`  ${dim(`+${String(Math.round(sinceStart)).padStart(5)} ms`)}  ${bold(phase)}`);
    }
    shown = transitions.length;
    if (status !== undefined && isFinal(migration)) return migration;
    if (Date.now() > deadline)
      throw new Error(`the migration did not end within ${DEADLINE_MS / 1000} s; kubectl describe cmig ${NAME}`);
    await sleep(50);
  }
}

function title(text: string): void {
  say(`\n${bold(`▸ ${text}`)}`);
}

const indent = (text: string): string =>
  text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');

/** The numbers that the container counted on both nodes, as its log on the last one shows them. */
function gaps(log: readonly string[]): string {
  const numbers = log.map((line) => Number(line.replace('tick ', '')));
  const faults = numbers.filter((value, index) => value !== index + 1).length;
  return faults === 0
    ? `${numbers.length} numbers counted on two nodes: none missing, none doubled`
    : `${faults} of ${numbers.length} numbers are missing or doubled`;
}

async function main(): Promise<void> {
  attempt(() => run('kubectl', ['delete', 'cmig', NAME, '--ignore-not-found', '--timeout=30s'], { quiet: true }));
  for (const node of ['node-a', 'node-b'])
    attempt(() => run('docker', ['--host', hostOf(node), 'rm', '-f', CONTAINER], { quiet: true }));

  title('A container counts on node-a');
  docker(
    'node-a',
    'run',
    '-d',
    '--name',
    CONTAINER,
    '--restart',
    'always',
    'transship-lab/busybox:1',
    'sh',
    '-c',
    LOOP,
  );
  const before = follow('node-a');
  await sleep(2_000);
  say(indent(before.lines().slice(-3).join('\n')));

  title('kubectl apply -f -');
  say(indent(MANIFEST.trimEnd()));
  run('kubectl', ['apply', '-f', '-'], { input: MANIFEST });
  say();
  const { status } = await timeline();
  const lastBefore = before.lines();
  before.stop();
  await sleep(1_500);

  title('How long each part took');
  for (const part of PARTS) say(`    ${part.padEnd(10)} ${(status.timings?.[part] ?? '').padStart(8)}`);

  title('kubectl get cmig -o wide');
  say(indent(run('kubectl', ['get', 'cmig', NAME, '-o', 'wide']).trimEnd()));

  title(`kubectl describe cmig ${NAME}`);
  say(indent(run('kubectl', ['describe', 'cmig', NAME]).trimEnd()));
  if (status.phase !== 'Succeeded')
    throw new Error(`the migration ended ${status.phase ?? ''}: ${status.message ?? ''}`);

  const log = docker('node-b', 'logs', CONTAINER).split('\n').filter(Boolean);
  title('docker logs on node-b: the last lines from node-a, the first from node-b');
  const moved = lastBefore.length;
  say(
    indent(
      [...log.slice(Math.max(0, moved - 3), moved), dim('──── moved ────'), ...log.slice(moved, moved + 3)].join('\n'),
    ),
  );
  const { frozen = 'unknown', outage = 'unknown', clockErrorBound = 'unknown' } = status.downtime ?? {};
  say(`\n    ${gaps(log)}`);
  say(`    ${bold(`downtime ${frozen}`)} (outage as Docker saw it ${outage}; clocks agree within ${clockErrorBound})`);

  title('Play on');
  say(`    export KUBECONFIG=${process.env['KUBECONFIG'] ?? ''}`);
  for (const node of ['node-a', 'node-b']) say(`    export DOCKER_HOST=${hostOf(node)}   ${dim(`# ${node}`)}`);
  say(`    eval "$(make -s lab-env)"     ${dim('# all of it, and kubectl, helm and docker in PATH')}`);
  say(`    make lab-status               ${dim('# what runs')}`);
  say(`    make lab-down                 ${dim('# take it all down again')}\n`);
}

main().catch((error: unknown) => {
  console.error(`\nthe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
