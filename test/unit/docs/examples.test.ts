import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { parseRequest, ruleBroken } from '../../../src/api/validate';

const project = join(__dirname, '../../..');

interface Example {
  readonly where: string;
  readonly object: { metadata?: object };
}

/** Every YAML block of kind ContainerMigration in a Markdown file. */
function examplesIn(path: string): Example[] {
  const text = readFileSync(join(project, path), 'utf8');
  return [...text.matchAll(/^([ \t]*)```ya?ml[^\n]*\n(.*?)^\1```/gms)].flatMap((match) => {
    const where = `${path}:${text.slice(0, match.index).split('\n').length}`;
    const documents = parseAllDocuments(match[2] ?? '');
    return documents
      .map((document) => document.toJS() as { kind?: unknown; metadata?: object } | null)
      .filter((object) => object?.kind === 'ContainerMigration')
      .map((object) => ({ where, object: object ?? {} }));
  });
}

const pages = globSync(['README.md', 'docs/**/*.md', 'charts/*/README.md'], { cwd: project }).toSorted();
const examples = pages.flatMap(examplesIn);

describe('the examples of the documentation', () => {
  it('are found', () => {
    expect(examples.length).toBeGreaterThan(1);
  });

  it.each(examples.map((example) => [example.where, example] as const))('fit the schema: %s', (_where, { object }) => {
    // What the API server adds to an object that it stores.
    const stored = { namespace: 'default', uid: 'u', resourceVersion: '1', generation: 1 };
    const migration = parseRequest({ ...object, metadata: { ...stored, ...object.metadata } });
    expect(ruleBroken(migration.spec)).toBeUndefined();
  });
});
