import { ReasonedError } from '../runtime/errors';
import { isRecord } from './record';

/** More than any line that Docker writes; a line without an end is none. */
const MAX_LINE_BYTES = 1024 * 1024;

/** What Docker tells while it pulls or loads. */
export interface ImageEvent {
  /** What failed: the answer had begun, so that its status could not say it. */
  readonly error?: string;
  /** Of the layer `id`: how much of it is there. */
  readonly layer?: { readonly id: string; readonly bytes: number };
}

/**
 * The events of an answer of Docker that is a line of JSON for each.
 * @throws ReasonedError EngineAnswerInvalid
 */
export async function* imageEvents(answer: AsyncIterable<Uint8Array>): AsyncGenerator<ImageEvent> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const piece of answer) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_BYTES) throw notJson();
    for (const line of lines) if (line.trim() !== '') yield readEvent(line);
  }
  if (rest.trim() !== '') yield readEvent(rest);
}

function readEvent(line: string): ImageEvent {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    throw notJson();
  }
  if (!isRecord(event)) throw notJson();
  const { error, errorDetail, id, status, progressDetail } = event;
  const detail = isRecord(errorDetail) ? errorDetail['message'] : undefined;
  if (error !== undefined || detail !== undefined) return { error: String(error ?? detail) };
  const current = isRecord(progressDetail) ? progressDetail['current'] : undefined;
  // Each layer is told of twice; the second time, when it is unpacked, nothing comes any more.
  return typeof id === 'string' && typeof current === 'number' && status === 'Downloading'
    ? { layer: { id, bytes: current } }
    : {};
}

function notJson(): ReasonedError {
  return new ReasonedError(
    'EngineAnswerInvalid',
    "Docker's answer is not what its API documents (a line of JSON for each event): this version of Docker is not supported",
  );
}
