import { isRecord } from './record';

type Fields = Readonly<Record<string, unknown>>;

/** A field of Docker's; any other key was chosen by somebody: `{"80/tcp": {}}`. */
const FIELD = /^[A-Z]\w*$/;

/** False for all the values by which Docker says that nobody has set a field. */
export function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isSet);
  if (isRecord(value)) return Object.entries(value).some(([name, field]) => !FIELD.test(name) || isSet(field));
  return value !== undefined && value !== null && value !== '' && value !== 0 && value !== false;
}

/**
 * The fields without those that a schema does not know and nobody has set, at any depth: a newer Docker shows fields that
 * mean nothing yet. One that is set stays, for somebody to say so.
 *
 * @param schema a JSON schema made of `properties`, `additionalProperties` and `items`
 */
export function withoutUnset(fields: Fields, schema: unknown): Fields {
  const properties = part(schema, 'properties');
  const others = isRecord(schema) ? schema['additionalProperties'] : undefined;
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]): [string, unknown][] => {
      const known = Object.hasOwn(properties, name) ? properties[name] : others;
      if (isRecord(known)) return [[name, trimmed(value, known)]];
      return isSet(value) ? [[name, value]] : [];
    }),
  );
}

function trimmed(value: unknown, schema: Fields): unknown {
  if (Array.isArray(value)) return value.map((entry: unknown) => trimmed(entry, part(schema, 'items')));
  const describes = 'properties' in schema || 'additionalProperties' in schema;
  return isRecord(value) && describes ? withoutUnset(value, schema) : value;
}

function part(schema: unknown, name: string): Fields {
  const found = isRecord(schema) ? schema[name] : undefined;
  return isRecord(found) ? found : {};
}
