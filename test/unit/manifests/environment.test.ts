import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const project = join(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(project, path), 'utf8');

interface Workload {
  spec: { template: { spec: { containers: { env: { name: string }[] }[] } } };
}

/** Names of the variables that a manifest sets. */
function given(path: string): string[] {
  const workload = parse(read(path), { merge: true }) as Workload;
  return workload.spec.template.spec.containers.flatMap(({ env }) => env.map(({ name }) => name)).toSorted();
}

/** Names of the variables that a program reads. */
function asked(path: string): string[] {
  return [...new Set(read(path).match(/\bTRANSSHIP_[A-Z_]+/g))].toSorted();
}

describe('the manifests', () => {
  it.each([
    ['controller', 'manifests/controller/deployment.yaml', 'src/controller/main.ts'],
    ['agent', 'manifests/agent/daemonset.yaml', 'src/agent/main.ts'],
  ])('give the %s exactly the environment that it reads', (_component, manifest, program) => {
    expect(given(manifest)).toEqual(asked(program));
  });
});
