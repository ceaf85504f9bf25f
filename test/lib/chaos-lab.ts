/** The lab as the chaos harness sees and treats it: from the host, past Docker. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeName } from './lab-docker';
import { labEnvironment, project } from './lab-tools';

export const NODES: readonly NodeName[] = ['node-a', 'node-b'];

/** What of the lab's naming is not in `lab/env`: lab/lib/common.sh and lab/nodes/names.sh. */
const prefix = process.env['LAB_PREFIX'] ?? 'tslab';
/** The host's end of the node's cable. */
export const interfaceOf = (node: NodeName): string => `${prefix.slice(0, 3)}-${node}`;
/** The parent of the cgroups of the node's containers. */
export const cgroupOf = (node: NodeName): string => `${prefix.replace(/^ts/, '')}-${node}`;

/** A path below the lab's directory. */
export const inLab = (...path: string[]): string => join(labEnvironment()['LAB_DIR'] ?? '', ...path);
/** The root of the shared volume, as the host sees it. */
export const volumeRoot = (): string => inLab('shared');

/** A path of the node, as the host finds it. Throws when the node does not run. */
export function inNodeRoot(node: NodeName, path: string): string {
  const pid = servicePid(`node@${node}`);
  if (pid === undefined) throw new Error(`${node} does not run`);
  return join('/proc', String(pid), 'root', path);
}

/** The pid of a service; undefined when it does not live. */
export function servicePid(name: string): number | undefined {
  const [pid = '', started = ''] = textOf(inLab('run', `${name}.pid`))
    .trim()
    .split(' ');
  const stat = statOf(Number(pid));
  return pid !== '' && stat?.startTime === started && stat.state !== 'Z' ? Number(pid) : undefined;
}

/** SIGKILL. False when it did not live. */
export function killService(name: string): boolean {
  const pid = servicePid(name);
  if (pid === undefined) return false;
  process.kill(pid, 'SIGKILL');
  return true;
}

/** Starts a service as the lab does and returns once it answers; controller and agents with breakpoints unless told. */
export async function startService(name: string, { breakpoints } = { breakpoints: true }): Promise<void> {
  await command('env', `LAB_BREAKPOINTS=${breakpoints ? 1 : ''}`, 'lab/service', 'start', name);
}

/** Runs a program to its end in the project's directory, without holding up anything else. Throws with its words. */
export function command(program: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: project, env: labEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let complained = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (complained += chunk.toString('utf8')));
    child.once('error', reject);
    // Not `close`: what a started service holds open of our pipes does not end.
    child.once('exit', (code) => {
      if (code === 0) resolve(said);
      else reject(new Error(`${program} ${args.join(' ')} (exit ${code ?? 'by signal'}): ${complained}${said}`));
    });
  });
}

export interface ProcessInfo {
  readonly pid: number;
  readonly name: string;
  readonly state: string;
  readonly commandLine: string;
}

/** The processes of the node itself, without those in its containers. */
export function processesOf(node: NodeName): ProcessInfo[] {
  const first = servicePid(`node@${node}`);
  const namespace = first === undefined ? undefined : namespaceOf(first);
  if (namespace === undefined) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && namespaceOf(Number(name)) === namespace)
    .flatMap((name) => {
      const stat = statOf(Number(name));
      const commandLine = textOf(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim();
      return stat === undefined ? [] : [{ pid: Number(name), name: stat.name, state: stat.state, commandLine }];
    });
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    // It ended, or it is ending.
    return undefined;
  }
}

/** Fields of /proc/PID/stat, counted behind the name's closing parenthesis (proc(5)); undefined when it is gone. */
function statOf(pid: number): { name: string; state: string; startTime: string } | undefined {
  const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(textOf(`/proc/${pid}/stat`)) ?? [];
  const fields = rest?.split(' ');
  if (name === undefined || fields === undefined) return undefined;
  return { name, state: fields[0] ?? '', startTime: fields[19] ?? '' };
}

/** The text of a file; empty when there is none. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
