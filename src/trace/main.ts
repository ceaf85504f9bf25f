import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ReasonedError } from '../runtime/errors';
import { readTraceFiles } from '../store/trace-files';
import { drawSvg } from './draw-svg';
import { drawText } from './draw-text';
import { MAX_TRACE_BYTES, parseTrace } from './format';
import type { Trace } from './format';
import { timelineOf } from './timeline';

const USAGE = 'usage: node dist/trace/main.js [NAMESPACE/]NAME [--volume DIRECTORY] [--svg FILE|-]';

/** Draws the trace of a migration's freeze window, from what the agents have kept on the shared volume. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { volume: { type: 'string' }, svg: { type: 'string' } },
  });
  const [what] = positionals;
  if (what === undefined || positionals.length > 1) throw new Error(USAGE);
  const [namespace = '', name = ''] = what.includes('/') ? what.split('/') : ['default', what];
  const root = values.volume ?? process.env['TRANSSHIP_VOLUME'] ?? '/mnt/transship';
  const found = await readTraceFiles(root, { namespace, name }, MAX_TRACE_BYTES);
  const objects = new Set(found.map(({ uidPrefix }) => uidPrefix));
  if (objects.size === 0) {
    throw new Error(`${root} holds no trace of ${namespace}/${name}; has it been frozen, and come to its end?`);
  }
  // One object after the other may have had the name.
  for (const uidPrefix of objects) {
    const files = found.filter((file) => file.uidPrefix === uidPrefix);
    const timeline = timelineOf(files.map(({ path, text }) => read(path, text)));
    if (timeline === undefined) continue;
    process.stdout.write(values.svg === '-' ? drawSvg(timeline) : drawText(timeline));
    if (values.svg === undefined || values.svg === '-') continue;
    const path = objects.size === 1 ? values.svg : values.svg.replace(/(\.svg)?$/, `-${uidPrefix}.svg`);
    await writeFile(path, drawSvg(timeline));
  }
}

function read(path: string, text: string): Trace {
  try {
    return parseTrace(text);
  } catch (cause) {
    throw new ReasonedError('TraceInvalid', `${path} is no trace that an agent has written`, { cause });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
