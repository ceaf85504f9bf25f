import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const project = join(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(project, path), 'utf8');

interface Schema {
  type?: string;
  description?: string;
  enum?: unknown[];
  default?: unknown;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
}

interface Column {
  name: string;
  jsonPath: string;
  type: string;
  description?: string;
}

interface Crd {
  metadata: { name: string };
  spec: {
    group: string;
    names: { plural: string };
    versions: {
      schema: { openAPIV3Schema: Schema };
      additionalPrinterColumns: Column[];
      subresources: { status?: object };
    }[];
  };
}

const crd = parse(read('crds/containermigrations.yaml')) as Crd;
const version = crd.spec.versions[0];
if (version === undefined) throw new Error('the CRD has no version');
const root = version.schema.openAPIV3Schema;

/** Every field below a schema, with its path. */
function* fieldsOf(schema: Schema, path = ''): Generator<[path: string, field: Schema]> {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    yield [`${path}.${name}`, field];
    yield* fieldsOf(field, `${path}.${name}`);
  }
  if (schema.items !== undefined) yield* fieldsOf(schema.items, `${path}[]`);
}

// The API server describes metadata itself, and refuses a description of it here.
const fields = [...fieldsOf(root)].filter(([path]) => path !== '.metadata');

describe('the CRD', () => {
  it('describes every field in at least three words', () => {
    expect(fields.length).toBeGreaterThan(80);
    const undescribed = fields.filter(([, { description = '' }]) => description.trim().split(/\s+/).length < 3);
    expect(undescribed.map(([path]) => path)).toEqual([]);
  });

  it('gives every field a type', () => {
    expect(fields.filter(([, { type }]) => type === undefined).map(([path]) => path)).toEqual([]);
  });

  it('requires only fields that exist', () => {
    const objects: [string, Schema][] = [['', root], ...fields];
    const missing = objects.flatMap(([path, { required = [], properties = {}, items }]) => [
      ...required.filter((name) => !(name in properties)).map((name) => `${path}.${name}`),
      ...(items?.required ?? [])
        .filter((name) => !(name in (items?.properties ?? {})))
        .map((name) => `${path}[].${name}`),
    ]);
    expect(missing).toEqual([]);
  });

  it('has defaults that are among the allowed values', () => {
    const wrong = fields.filter(
      ([, field]) => field.enum !== undefined && field.default !== undefined && !field.enum.includes(field.default),
    );
    expect(wrong.map(([path]) => path)).toEqual([]);
  });

  it.each(version.additionalPrinterColumns.map((column) => [column.name, column] as const))(
    'has a field and a description for the column %s',
    (_name, { jsonPath, description }) => {
      expect(description).toBeTruthy();
      if (jsonPath !== '.metadata.creationTimestamp') expect(fields.map(([path]) => path)).toContain(jsonPath);
    },
  );

  it('has the name that the API server asks for, and a status of its own', () => {
    expect(crd.metadata.name).toBe(`${crd.spec.names.plural}.${crd.spec.group}`);
    expect(version.subresources.status).toEqual({});
  });

  it.each(['containermigrations', 'migrationnodes'])('%s lies in the chart without a difference', (name) => {
    expect(read(`charts/transship/files/${name}.yaml`)).toBe(read(`crds/${name}.yaml`));
  });
});

describe('the CRD of nodes', () => {
  const nodes = parse(read('crds/migrationnodes.yaml')) as Crd & { spec: { scope: string } };
  const [only] = nodes.spec.versions;
  const schema = only?.schema.openAPIV3Schema ?? {};
  const described = [...fieldsOf(schema)].filter(([path]) => path !== '.metadata');

  it('describes every field in at least three words', () => {
    expect(described.length).toBeGreaterThan(25);
    const undescribed = described.filter(([, { description = '' }]) => description.trim().split(/\s+/).length < 3);
    expect(undescribed.map(([path]) => path)).toEqual([]);
  });

  it('is one object for each node, that only says how it is', () => {
    expect(nodes.metadata.name).toBe(`${nodes.spec.names.plural}.${nodes.spec.group}`);
    expect([nodes.spec.scope, only?.subresources.status]).toEqual(['Cluster', {}]);
    expect(Object.keys(schema.properties ?? {})).toEqual(['apiVersion', 'kind', 'metadata', 'status']);
  });

  it('shows columns of fields that exist', () => {
    const paths = new Set(described.map(([path]) => path));
    const plain = (only?.additionalPrinterColumns ?? []).filter(({ jsonPath }) => !jsonPath.includes('?('));
    expect(plain.length).toBeGreaterThan(5);
    expect(plain.filter(({ jsonPath }) => !paths.has(jsonPath)).map(({ name }) => name)).toEqual([]);
  });
});
