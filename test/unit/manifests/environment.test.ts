import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const project = join(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(project, path), 'utf8');

interface Variable {
  name: string;
  value?: string;
}

interface Workload {
  spec: { template: { spec: { containers: { env: Variable[] }[] } } };
}

function environmentOf(path: string): Variable[] {
  const workload = parse(read(path), { merge: true }) as Workload;
  return workload.spec.template.spec.containers.flatMap(({ env }) => env);
}

/** Names of the variables that a manifest sets. */
function given(path: string): string[] {
  return environmentOf(path)
    .map(({ name }) => name)
    .toSorted();
}

/** Names of the variables that a program reads. */
function asked(path: string): string[] {
  return [...new Set(read(path).match(/\bTRANSSHIP_[A-Z_]+/g))].toSorted();
}

describe('the manifests', () => {
  it.each([
    ['controller', 'manifests/controller/deployment.yaml', 'src/controller/main.ts'],
    ['agent', 'manifests/agent/daemonset.yaml', 'src/agent/settings.ts'],
  ])('give the %s exactly the environment that it reads', (_component, manifest, program) => {
    expect(given(manifest)).toEqual(asked(program));
  });
});

describe('the deadlines of the phases', () => {
  const inProgram = [...read('src/controller/main.ts').matchAll(/'(TRANSSHIP_[A-Z]+_DEADLINE_SECONDS)', (\d+)\)/g)].map(
    ([, name = '', seconds = '']) => [name, seconds] as const,
  );

  it('are found', () => {
    expect(inProgram).toHaveLength(6);
  });

  it('are the same in the manifests as in the program', () => {
    const set = new Map(environmentOf('manifests/controller/deployment.yaml').map(({ name, value }) => [name, value]));
    for (const [name, seconds] of inProgram) expect({ name, seconds: set.get(name) }).toEqual({ name, seconds });
  });

  it('are the same in the chart as in the program', () => {
    const { controller } = parse(read('charts/transship/values.yaml')) as {
      controller: { deadlines: Record<string, number> };
    };
    const template = read('charts/transship/templates/controller.yaml');
    for (const [name, seconds] of inProgram) {
      const [, key = ''] = new RegExp(`- name: ${name}\\s+value: {{ \\.(\\w+) \\| quote }}`).exec(template) ?? [];
      expect({ name, seconds: String(controller.deadlines[key]) }).toEqual({ name, seconds });
    }
  });

  it('are told in docs/protocol.md', () => {
    const page = read('docs/protocol.md');
    for (const [name, seconds] of inProgram) expect(page).toMatch(new RegExp(`\\b${name}\`[^\\n]*\\| ${seconds} s `));
  });
});
