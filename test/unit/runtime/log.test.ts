import { PassThrough } from 'node:stream';
import { ReasonedError } from '../../../src/runtime/errors';
import type { Logger, LogLevel } from '../../../src/runtime/log';
import { createLogger } from '../../../src/runtime/log';

function makeLogger(level: LogLevel = 'info'): { log: Logger; lines: () => Record<string, unknown>[] } {
  const stream = new PassThrough();
  const log = createLogger({ level, component: 'agent', node: 'node-a', stream });
  const lines = (): Record<string, unknown>[] =>
    String(stream.read() ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log, lines };
}

test('a line is JSON with timestamp, level, message, component, node and the fields', () => {
  const { log, lines } = makeLogger();
  log.info('container paused', { container: 'abc', durationMs: 12 });
  const [line] = lines();
  expect(line).toEqual({
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
    level: 'info',
    message: 'container paused',
    component: 'agent',
    node: 'node-a',
    container: 'abc',
    durationMs: 12,
  });
});

test('what is below the level is left out', () => {
  const { log, lines } = makeLogger('warn');
  log.debug('d');
  log.info('i');
  log.warn('w');
  log.error('e');
  expect(lines().map(({ message }) => message)).toEqual(['w', 'e']);
});

test('a child adds its fields to every line, its parent stays as it was', () => {
  const { log, lines } = makeLogger();
  const child = log.child({ key: 'a' }).child({ reconcileID: '1' });
  child.info('one', { more: true });
  log.info('two');
  expect(lines()).toMatchObject([{ key: 'a', reconcileID: '1', more: true }, { message: 'two' }]);
});

test('a field cannot forge the message or the level', () => {
  const { log, lines } = makeLogger();
  log.info('real', { message: 'forged', level: 'error' });
  expect(lines()).toMatchObject([{ message: 'real', level: 'info' }]);
});

test('an error shows its reason, its chain of causes and the end of the log that belongs to it', () => {
  const { log, lines } = makeLogger();
  const cause = new Error('connect failed', { cause: new Error('ECONNREFUSED') });
  log.error('dump failed', { error: new ReasonedError('DumpFailed', 'criu gave up', { cause, logTail: 'Error (1)' }) });
  log.error('dump failed', { error: new TypeError('plain') });
  expect(lines().map(({ error }) => error)).toEqual([
    { reason: 'DumpFailed', message: 'criu gave up', causes: ['connect failed', 'ECONNREFUSED'], logTail: 'Error (1)' },
    { name: 'TypeError', message: 'plain' },
  ]);
});

test('stacks are written at level debug only', () => {
  const { log, lines } = makeLogger('debug');
  log.debug('x', { error: new Error('with stack') });
  expect(lines()).toMatchObject([{ error: { stack: expect.stringContaining('log.test') as string } }]);
});

test('causes that go round in a circle end', () => {
  const { log, lines } = makeLogger();
  const [a, b] = [new Error('a'), new Error('b')];
  a.cause = b;
  b.cause = a;
  log.error('x', { error: a });
  expect(lines()).toMatchObject([{ error: { causes: ['b'] } }]);
});
