import { KubeError } from './errors';

/** The value of a JSON text. Throws KubeError `UnexpectedAnswer` for anything else, `what` being the call. */
export function parseJson(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KubeError('UnexpectedAnswer', `${what}: the answer is not JSON: ${text.slice(0, 200)}`, { cause });
  }
}

/** One value per line of the body. A last line that is cut off is an error, not a value. */
export async function* readJsonLines(
  what: string,
  body: AsyncIterable<unknown>,
): AsyncGenerator<unknown, void, undefined> {
  // A character of several bytes may be cut in two by the chunks.
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body) {
    pending += typeof chunk === 'string' ? chunk : decoder.decode(asBytes(chunk), { stream: true });
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield parseJson(what, line);
  }
  if (pending.trim() !== '') yield parseJson(what, pending);
}

function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError('a response body consists of bytes');
}
