import { eventsQuery, lastEventAt } from '../../../src/docker/events';

/** As Docker 28.5.2 sent it. */
const line = (action: string, timeNano: string): string =>
  `{"status":"${action}","id":"x","Type":"container","Action":"${action}","scope":"local","timeNano":${timeNano}}`;

test('the last event of the action counts, with its microseconds', () => {
  const stream = [
    line('pause', '1795364737203156593'),
    line('unpause', '1795364737300000000'),
    line('pause', '1795364737273429784'),
    '',
  ].join('\n');
  expect(lastEventAt(stream, 'pause')).toBe('2026-11-22T16:25:37.273429Z');
});

test.each([
  ['nothing', ''],
  ['another action only', line('start', '1795364737203156593')],
  ['what is no event', 'null\n[]\n{"Action":"pause"}'],
])('%s has no time', (_what, stream) => {
  expect(lastEventAt(stream, 'pause')).toBeUndefined();
});

test('the window is rounded outwards to milliseconds, in seconds with nine digits behind the dot', () => {
  expect(eventsQuery('c1', 'pause', { sinceMs: 1_795_364_737_005.9, untilMs: 1_795_364_738_000.1 })).toEqual({
    since: '1795364737.005000000',
    until: '1795364738.001000000',
    filters: '{"type":["container"],"container":["c1"],"event":["pause"]}',
  });
});
