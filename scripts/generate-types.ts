/**
 * Generates src/api/generated/ from crds/: the schema of ContainerMigrations for ajv, and the TypeScript types.
 * With --check it writes nothing and fails when what is committed differs.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JSONSchema } from 'json-schema-to-typescript';
import { compile } from 'json-schema-to-typescript';
import { parse } from 'yaml';

const root = join(__dirname, '..');
const outDir = join(root, 'src/api/generated');
const noteOf = (file: string): string => `// Generated from crds/${file} by \`npm run generate\`. Do not edit.\n`;

interface Crd {
  spec: { versions: { name: string; schema: { openAPIV3Schema: Record<string, unknown> } }[] };
}

/** Says "no properties but these" wherever properties are listed, as the API server prunes the others. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) if (!key.startsWith('x-kubernetes-')) out[key] = closed(value);
  if ('properties' in node && typeof node.properties === 'object') out['additionalProperties'] = false;
  return out;
}

/** ajv fills defaults in, so to the code a property with a default is always there. */
function defaultsAreRequired(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(defaultsAreRequired);
  if (typeof node !== 'object' || node === null) return node;
  const out = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, defaultsAreRequired(value)]));
  if ('properties' in node && typeof node.properties === 'object' && node.properties !== null) {
    const defaulted = Object.entries(node.properties as Record<string, object>).filter(
      ([, value]) => 'default' in value,
    );
    const required = 'required' in node ? (node.required as string[]) : [];
    out['required'] = [...required, ...defaulted.map(([key]) => key)];
  }
  return out;
}

interface Root {
  properties: { metadata: unknown } & Record<string, unknown>;
}

/** The schema of the one version of a CRD, its metadata left to the API server. */
function schemaIn(file: string): Root {
  const crd = parse(readFileSync(join(root, 'crds', file), 'utf8')) as Crd;
  const version = crd.spec.versions[0];
  if (version === undefined) throw new Error('the CRD has no version');
  const schema = closed(version.schema.openAPIV3Schema) as Root;
  schema.properties.metadata = { type: 'object' };
  return schema;
}

/** @param parts the fields of the object that get a type */
function typesOf(file: string, schema: Root, parts: readonly string[]): Promise<string> {
  const all = defaultsAreRequired(schema.properties) as Record<string, JSONSchema>;
  const properties = Object.fromEntries(parts.map((part) => [part, all[part]]));
  const required = parts.filter((part) => part === 'spec');
  return compile({ type: 'object', additionalProperties: false, required, properties } as JSONSchema, 'Generated', {
    bannerComment: noteOf(file),
    format: true,
    style: { singleQuote: true, printWidth: 120 },
  });
}

async function generate(): Promise<Record<string, string>> {
  const [migrations, nodes] = ['containermigrations.yaml', 'migrationnodes.yaml'] as const;
  const schema = schemaIn(migrations);
  return {
    'types.ts': await typesOf(migrations, schema, ['spec', 'status']),
    'migration-node.ts': await typesOf(nodes, schemaIn(nodes), ['status']),
    'schema.ts': `${noteOf(migrations)}/** The CRD's OpenAPI schema, as a JSON schema for ajv. */\nexport const schema = ${JSON.stringify(schema, null, 2)} as const;\n`,
  };
}

async function main(): Promise<void> {
  const check = process.argv.includes('--check');
  mkdirSync(outDir, { recursive: true });
  for (const [name, text] of Object.entries(await generate())) {
    const path = join(outDir, name);
    if (!check) writeFileSync(path, text);
    else if (readFileSync(path, 'utf8') !== text) throw new Error(`${path} is stale: run \`npm run generate\``);
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
