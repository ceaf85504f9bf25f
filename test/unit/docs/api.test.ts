import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const project = join(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(project, path), 'utf8');

interface Schema {
  enum?: unknown[];
  properties?: Record<string, Schema>;
  items?: Schema;
}

/** Names of all fields and words of enums below a schema. */
function* wordsOf({ properties = {}, items, enum: words = [] }: Schema): Generator<string> {
  yield* words.map(String);
  for (const [name, field] of Object.entries(properties)) {
    yield name;
    yield* wordsOf(field);
  }
  if (items !== undefined) yield* wordsOf(items);
}

const crd = parse(read('crds/containermigrations.yaml')) as {
  spec: { versions: { schema: { openAPIV3Schema: { properties: Record<'spec' | 'status', Schema> } } }[] };
};
const { spec, status } = crd.spec.versions[0]?.schema.openAPIV3Schema.properties ?? {};
if (spec === undefined || status === undefined) throw new Error('the CRD has no schema');

// Docker's words, and those that every condition of Kubernetes has.
const known = ['no', 'always', 'unless-stopped', 'on-failure', 'type'];
const words = [...new Set([...wordsOf(spec), ...wordsOf(status)])].filter((word) => !known.includes(word));
const quoted = new Set(
  [...read('docs/api.md').matchAll(/`([^`\n]+)`/g)].flatMap(([, text = '']) => text.split(/[\s.:]+/)),
);

describe('docs/api.md', () => {
  it('mentions every field and every allowed word of the API', () => {
    expect(words.length).toBeGreaterThan(80);
    expect(words.filter((word) => !quoted.has(word))).toEqual([]);
  });
});
