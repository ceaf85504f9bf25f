/** Deeper than anything we write; a parser or a printer that recurses survives it. */
const MAX_DEPTH = 32;

/**
 * Parses JSON that somebody else may have written. No object in the result has a key that reaches its prototype.
 * The caller limits the size and checks the shape.
 * @throws Error that says what is wrong
 */
export function parseUntrustedJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  check(value, 0);
  return value;
}

function check(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth >= MAX_DEPTH) throw new Error(`nested deeper than ${MAX_DEPTH} levels`);
  if (Object.hasOwn(value, '__proto__')) throw new Error('holds the forbidden key __proto__');
  for (const child of Object.values(value)) check(child, depth + 1);
}
