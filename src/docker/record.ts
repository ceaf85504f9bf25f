type Fields<T = unknown> = Readonly<Record<string, T>>;

/** True for a JSON object. */
export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The JSON object that `value` has by that name; an empty one when there is none. */
export function member(value: unknown, name: string): Fields {
  const found = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return isRecord(found) ? found : {};
}

/** The fields that hold a string; none for anything but a JSON object. */
export function stringsOf(value: unknown): Fields<string> {
  const fields = Object.entries(isRecord(value) ? value : {});
  return Object.fromEntries(fields.filter((field): field is [string, string] => typeof field[1] === 'string'));
}

/** All fields but the unwanted ones. */
export function without<T>(record: Fields<T>, unwanted: (name: string) => boolean): Fields<T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !unwanted(name)));
}
