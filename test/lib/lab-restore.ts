import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { NodeName } from './lab-docker';
import { docker } from './lab-docker';
import { onNode } from './lab-node';
import { labEnvironment, project } from './lab-tools';

/** Docker keeps the state of every runtime's containers under this name, whatever the runtime is called. */
const RUNC_ROOT = '/run/docker/runtime-runc/moby';

/** Throws when the nodes have another wrapper than this checkout. */
export function checkInstalledWrapper(): void {
  const installed = join(labEnvironment()['LAB_DIR'] ?? '', 'app/oci/transship-runc');
  if (readFileSync(installed, 'utf8') !== readFileSync(join(project, 'oci/transship-runc'), 'utf8')) {
    throw new Error(`${installed} differs from oci/transship-runc of this checkout: run lab/deploy`);
  }
}

/** The full id of a container. */
export const idOf = (node: NodeName, name: string): string => docker(node, 'inspect', '-f', '{{.Id}}', name);

/** A directory on the shared volume as the host and as the nodes name it, emptied. */
export function sharedDirectory(name: string): { onHost: string; inNodes: string } {
  const onHost = join(labEnvironment()['LAB_DIR'] ?? '', 'shared', name);
  rmSync(onHost, { recursive: true, force: true });
  return { onHost, inNodes: `/mnt/transship/${name}` };
}

/** Pauses a container, dumps it to `<directory>/images` and leaves it paused: the agent's freeze in two commands. */
export function freeze(node: NodeName, name: string, directory: string): void {
  const id = idOf(node, name);
  docker(node, 'pause', name);
  onNode(
    node,
    'mkdir -p "$1/images" "$1/dump"; runc --root "$2" checkpoint --leave-running --image-path "$1/images" --work-path "$1/dump" "$3" 2>&1',
    directory,
    RUNC_ROOT,
    id,
  );
}

/** The marker directory of a container, as the agent makes it. */
export class Marker {
  readonly #node: NodeName;
  readonly #path: string;

  constructor(node: NodeName, id: string) {
    this.#node = node;
    this.#path = `/run/transship/restore/${id}`;
  }

  /** Makes the directory; a container with it is not startable before it is armed. */
  prepare(directory: string): this {
    const script = 'umask 077; mkdir -p "$1" "$2/work"; ln -sfn "$2/images" "$1/images"; ln -sfn "$2/work" "$1/work"';
    onNode(this.#node, script, this.#path, directory);
    return this;
  }

  /** Allows one restore, forgetting how an earlier one ended. */
  arm(): this {
    onNode(this.#node, 'rm -f "$1/failed" "$1/restoring"; : >"$1/armed"', this.#path);
    return this;
  }

  /** Writes a file of the directory. */
  write(file: string, text: string): this {
    onNode(this.#node, 'printf %s "$3" >"$1/$2"', this.#path, file, text);
    return this;
  }

  /** The content of a file of the directory. */
  read(file: string): string {
    return onNode(this.#node, 'cat "$1/$2"', this.#path, file);
  }

  /** The names of what is in the directory but for what the agent puts there for every restore, and the wrapper's times. */
  states(): string[] {
    // The wrapper empties the file of its pid when it ends.
    const script = 'cd "$1"; for name in *; do [ "$name" = pid ] && [ ! -s pid ] || echo "$name"; done';
    const names = onNode(this.#node, script, this.#path).split('\n');
    const others = ['images', 'work', 'restore-options', 'log.json', 'begun', 'ended', 'starting', 'processes'];
    return names.filter((name) => !others.includes(name));
  }

  /** Removes the directory. */
  remove(): void {
    onNode(this.#node, 'rm -rf "$1"', this.#path);
  }
}

/** Removes the configuration of CRIU that `createTarget` made. */
export function removeTargetConfig(node: NodeName, name: string): void {
  onNode(node, 'rm -f "/run/transship/criu/$1.conf"', name);
}

/** Creates the container that a restore will fill, with criu told to leave its processes stopped. Returns its id. */
export function createTarget(node: NodeName, name: string, ...args: string[]): string {
  const config = `/run/transship/criu/${name}.conf`;
  onNode(node, 'mkdir -p "${1%/*}"; echo leave-stopped >"$1"', config);
  const annotation = `org.criu.config=${config}`;
  return docker(node, 'create', '--name', name, '--runtime', 'transship', '--annotation', annotation, ...args);
}

/** `docker start` whose end is not awaited here. Resolves to what it says on standard error. */
export async function startInBackground(node: NodeName, name: string): Promise<string> {
  const child = spawn(join(project, 'lab/node-exec'), [node, 'docker', 'start', name], {
    env: labEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return text(child.stderr);
}

/** SIGKILL to every process in a container's cgroup, where criu works as well, until none is left. */
export function killCgroup(node: NodeName, id: string): void {
  const script =
    'for i in 1 2 3 4 5 6 7 8 9 10; do pids=$(cat /sys/fs/cgroup/freezer/*/"$1"/cgroup.procs 2>/dev/null) || :; ' +
    '[ -n "$pids" ] || exit 0; kill -9 $pids 2>/dev/null || :; sleep 0.1; done; exit 1';
  onNode(node, script, id);
}
