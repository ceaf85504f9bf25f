import fc from 'fast-check';
import { reasonOf } from '../../../src/runtime/errors';
import { drawSvg } from '../../../src/trace/draw-svg';
import { drawText } from '../../../src/trace/draw-text';
import type { Trace } from '../../../src/trace/format';
import { formatTrace, MAX_TRACE_BYTES, parseTrace } from '../../../src/trace/format';
import type { Timeline } from '../../../src/trace/timeline';
import { timelineOf } from '../../../src/trace/timeline';
import { MAX_SPANS } from '../../../src/runtime/trace';

const T0 = Date.UTC(2026, 0, 1) * 1000;
const common = { version: 1, namespace: 'default', migration: 'move', uid: 'u', attempt: 1, dropped: 0 } as const;

/** The source's clock is 1 s ahead of the volume's, the target's 2 s behind. */
const source: Trace = {
  ...common,
  node: 'node-a',
  role: 'source',
  clock: { offsetMicroseconds: 1_000_000, errorMicroseconds: 5_000 },
  moments: { freezeStartedAt: '2026-01-01T00:00:11.000Z', dumpedAt: '2026-01-01T00:00:11.200Z' },
  calls: [
    { name: 'driver.prepareDump', startMicroseconds: T0 + 10_900_000, durationMicroseconds: 50_000 },
    { name: 'engine.pause', startMicroseconds: T0 + 11_001_000, durationMicroseconds: 19_000 },
    { name: 'driver.dump', startMicroseconds: T0 + 11_030_000, durationMicroseconds: 170_000 },
    { name: 'runc checkpoint', startMicroseconds: T0 + 11_040_000, durationMicroseconds: 150_000, within: 2 },
    { name: 'criu', startMicroseconds: T0 + 11_050_000, durationMicroseconds: 130_000, within: 3 },
  ],
};
const target: Trace = {
  ...common,
  node: 'node-b',
  role: 'target',
  clock: { offsetMicroseconds: -2_000_000, errorMicroseconds: 6_000 },
  moments: { seenAt: '2026-01-01T00:00:08.250Z', resumedAt: '2026-01-01T00:00:08.500123Z' },
  calls: [
    { name: 'store.verify', startMicroseconds: T0 + 8_251_000, durationMicroseconds: 10_000, failed: true },
    { name: 'engine.start', startMicroseconds: T0 + 8_300_000, durationMicroseconds: 260_000 },
    { name: 'driver.prove', startMicroseconds: T0 + 8_570_000, durationMicroseconds: 10_000 },
  ],
};
/** The timeline of some parts, of which there is one at least. */
function drawn(parts: readonly Trace[]): Timeline {
  const timeline = timelineOf(parts);
  if (timeline === undefined) throw new Error('nothing to draw');
  return timeline;
}
const whole = (): Timeline => drawn([target, source]);

describe('the timeline', () => {
  test('is from the pause to the wake-up, on one clock', () => {
    expect(whole()).toMatchObject({ windowMs: 500.123, complete: true, clockErrorMs: 11 });
    expect(whole().calls.map(({ role, name, startMs, depth }) => [role, name, startMs, depth])).toEqual([
      ['source', 'engine.pause', 1, 0],
      ['source', 'driver.dump', 30, 0],
      ['source', 'runc checkpoint', 40, 1],
      ['source', 'criu', 50, 2],
      ['target', 'store.verify', 251, 0],
      ['target', 'engine.start', 300, 0],
    ]);
  });

  test('leaves out what ended before the pause or began after the wake-up', () => {
    const names = whole().calls.map(({ name }) => name);
    expect(names).not.toContain('driver.prepareDump');
    expect(names).not.toContain('driver.prove');
  });

  test('of one part says that it is one', () => {
    expect(timelineOf([source])).toMatchObject({ complete: false, windowMs: 200 });
    expect(timelineOf([target])).toMatchObject({ complete: false });
    expect(drawText(drawn([target]))).toContain('only a part of it was kept');
    expect(timelineOf([])).toBeUndefined();
  });

  test('takes the later attempt, and says that clocks were not compared', () => {
    const again = parseTrace(formatTrace({ ...source, clock: undefined, attempt: 2, calls: [] } as unknown as Trace));
    const timeline = drawn([source, target, again]);
    expect(timeline.calls.every(({ role }) => role === 'target')).toBe(true);
    expect(timeline.clockErrorMs).toBeUndefined();
  });
});

describe('the drawing', () => {
  test('as text has a line for each call and each moment, in their order', () => {
    const lines = drawText(whole()).split('\n');
    expect(lines[0]).toBe('default/move: node-a → node-b, frozen for 500.1 ms (± 11.0 ms)');
    const told = lines.slice(2).map((line) => line.replace(/[█╵]/g, '').trim());
    expect(told).toEqual([
      '0.0           source  ── freezeStartedAt',
      '1.0     19.0  source  engine.pause',
      '30.0    170.0  source  driver.dump',
      '40.0    150.0  source    runc checkpoint',
      '50.0    130.0  source      criu',
      '200.0           source  ── dumpedAt',
      '250.0           target  ── seenAt',
      '251.0     10.0  target  store.verify ✗',
      '300.0    260.0  target  engine.start',
      '500.1           target  ── resumedAt',
      '',
    ]);
  });

  test('as SVG has a rectangle where and as long as each call was', () => {
    const svg = drawSvg(whole());
    // 900 wide for 500.123 ms, from 312 on.
    expect(svg).toContain('<title>source: driver.dump, 30.0 ms to 200.0 ms</title>');
    expect(svg).toMatch(/<rect x="366" y="\d+" width="305.9" /);
    expect(svg.match(/<g><title>(source|target): [\w. ]+, /g)).toHaveLength(6);
  });

  test('lets nothing that lies on the volume become markup', () => {
    const calls = [{ name: '<script>&"\u0007', startMicroseconds: T0 + 11_001_000, durationMicroseconds: 1 }];
    const svg = drawSvg(drawn([{ ...source, calls }, target]));
    expect(svg).not.toContain('<script');
    expect(svg).not.toContain('\u0007');
    expect(svg).toContain('&lt;script&gt;&amp;&quot;�');
  });
});

describe('the file', () => {
  test('is read as it was written', () => {
    expect(parseTrace(formatTrace(source))).toEqual(source);
  });

  test('of as many calls as are kept is not too large to be read', () => {
    const call = { name: 'n'.repeat(100), startMicroseconds: T0, durationMicroseconds: 10 ** 9, within: 0 };
    const calls = Array.from({ length: MAX_SPANS }, (_call, index) =>
      index === 0 ? { ...call, within: undefined } : call,
    );
    const text = formatTrace({ ...source, calls: calls as Trace['calls'] });
    expect(text.length).toBeLessThan(MAX_TRACE_BYTES);
    expect(parseTrace(text).calls).toHaveLength(MAX_SPANS);
  });

  test.each<[string, unknown]>([
    ['another version', { ...source, version: 2 }],
    ['a time before the epoch', { ...source, calls: [{ ...source.calls[0], startMicroseconds: -1 }] }],
    ['a field that is not known', { ...source, extra: 1 }],
    ['a call within itself', { ...source, calls: [{ ...source.calls[0], within: 0 }] }],
    ['another role', { ...source, role: 'controller' }],
  ])('with %s is refused', (_what, value) => {
    expect(() => parseTrace(JSON.stringify(value))).toThrow(/^the trace|^a call of the trace/);
  });

  test('that anybody has written is read or refused, and what is read can be drawn', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc
        .record({ moments: fc.dictionary(fc.string(), fc.string()), clock: fc.constant(undefined), dropped: fc.nat() })
        .map((changes) => JSON.stringify({ ...source, ...changes })),
    );
    fc.assert(
      fc.property(anything, (text) => {
        try {
          const timeline = drawn([parseTrace(text), target]);
          return drawText(timeline) !== '' && !drawSvg(timeline).includes('NaN');
        } catch (error) {
          return reasonOf(error, '') === 'TraceInvalid';
        }
      }),
    );
  });
});
