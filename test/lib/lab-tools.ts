import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** The project's root directory. */
export const project = join(__dirname, '../..');

/** What a program said, and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Any object of the Kubernetes API, as far as tests of manifests look at it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

let environment: NodeJS.ProcessEnv | undefined;

/** The environment of the running lab (`lab/env`). Throws with the lab's own words when there is none. */
export function labEnvironment(): NodeJS.ProcessEnv {
  if (environment !== undefined) return environment;
  const { code, stdout, stderr } = run('lab/env', [], { env: process.env });
  if (code !== 0) throw new Error(`no lab: ${stderr}`);
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  environment = { ...process.env, ...(Object.fromEntries(pairs) as Record<string, string>) };
  return environment;
}

/** Runs a program in the project's directory, with the lab's environment unless another one is given. Never throws for its exit code. */
export function run(
  program: string,
  args: readonly string[],
  options: { input?: string; env?: NodeJS.ProcessEnv } = {},
): Outcome {
  const result = spawnSync(program, args, {
    cwd: project,
    env: options.env ?? labEnvironment(),
    input: options.input ?? '',
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    timeout: 60_000,
  });
  if (result.error !== undefined) throw result.error;
  return { code: result.status ?? -1, stdout: result.stdout, stderr: result.stderr };
}

/** Runs it and returns its stdout. Throws with its stderr when it fails. */
export function mustRun(program: string, args: readonly string[], input?: string): string {
  const { code, stdout, stderr } = run(program, args, input === undefined ? {} : { input });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} (exit ${code}): ${stderr}${stdout}`);
  return stdout;
}

/** The objects of a YAML stream; empty documents are left out. */
export function objectsIn(text: string): KubeObject[] {
  return parseAllDocuments(text, { merge: true })
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}

/**
 * Removes a namespace for good. The lab has no controller-manager, which would do the second half;
 * what was in the namespace must have been deleted before.
 */
export function removeNamespace(name: string): void {
  mustRun('kubectl', ['delete', 'namespace', name, '--wait=false', '--ignore-not-found']);
  const { code, stdout } = run('kubectl', ['get', 'namespace', name, '-o', 'json']);
  if (code !== 0) return;
  const namespace = JSON.parse(stdout) as { spec: { finalizers: string[] } };
  namespace.spec.finalizers = [];
  mustRun('kubectl', ['replace', '--raw', `/api/v1/namespaces/${name}/finalize`, '-f', '-'], JSON.stringify(namespace));
}
