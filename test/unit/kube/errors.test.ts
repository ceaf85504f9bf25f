import {
  errorOfAnswer,
  errorOfConnection,
  errorOfStatus,
  isAlreadyExists,
  isConflict,
  isGone,
  isNotFound,
  KubeError,
} from '../../../src/kube/errors';
import { ReasonedError } from '../../../src/runtime/errors';

const status = (code: number, reason: string, message = 'why'): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });

const kinds = { isNotFound, isConflict, isAlreadyExists, isGone };

test.each<[string, number, string, string, string[]]>([
  ['an object that is not there', 404, status(404, 'NotFound'), 'NotFound', ['isNotFound']],
  ['a precondition that does not hold', 409, status(409, 'Conflict'), 'Conflict', ['isConflict']],
  ['an object that is there already', 409, status(409, 'AlreadyExists'), 'AlreadyExists', ['isAlreadyExists']],
  ['an expired version', 410, status(410, 'Expired'), 'Expired', ['isGone']],
  ['a refused content', 422, status(422, 'Invalid'), 'Invalid', []],
  ['too many requests', 429, status(429, 'TooManyRequests'), 'TooManyRequests', []],
  ['a broken server', 500, status(500, 'InternalError'), 'InternalError', []],
  ['a missing permission', 403, status(403, 'Forbidden'), 'Forbidden', []],
  ['an answer of a proxy, in HTML', 503, '<html>busy</html>', 'ServiceUnavailable', []],
  ['a Status without a reason', 404, '{"kind":"Status","reason":""}', 'NotFound', ['isNotFound']],
  ['a code that nobody knows', 418, '', 'Http418', []],
])('%s', (_name, code, body, reason, expected) => {
  const error = errorOfAnswer('GET /x', code, body);
  expect([error.statusCode, error.reason]).toEqual([code, reason]);
  expect(Object.entries(kinds).flatMap(([kind, test]) => (test(error) ? [kind] : []))).toEqual(expected);
});

test('the message says what was asked and what the server said', () => {
  expect(errorOfAnswer('GET /x', 404, status(404, 'NotFound', 'no such thing')).message).toBe('GET /x: no such thing');
  expect(errorOfAnswer('GET /x', 502, '<html>bad gateway</html>').message).toBe('GET /x: <html>bad gateway</html>');
});

test('an answer of a megabyte does not become a message of a megabyte', () => {
  expect(errorOfAnswer('GET /x', 500, 'x'.repeat(1_000_000)).message.length).toBeLessThan(1_000);
});

test('an error in a watch is one of the API', () => {
  expect(isGone(errorOfStatus('watch', { kind: 'Status', code: 410, reason: 'Expired', message: 'old' }))).toBe(true);
  expect(errorOfStatus('watch', 'nonsense')).toMatchObject({ reason: 'Unknown', statusCode: undefined });
});

test('a connection that failed says so, and keeps its cause', () => {
  const cause = new Error('ECONNREFUSED');
  const error = errorOfConnection('GET /x', cause);
  expect(error).toMatchObject({ reason: 'ApiServerUnreachable', statusCode: undefined, cause });
});

test('a deadline that passed says so', () => {
  const error = errorOfConnection('GET /x', new ReasonedError('DeadlineExceeded', 'GET /x took longer than 30 ms'));
  expect(error).toMatchObject({ reason: 'ApiServerTimeout', statusCode: undefined });
});

test('an error of the API stays the one it is', () => {
  const error = new KubeError('Conflict', 'x', { statusCode: 409 });
  expect(errorOfConnection('GET /x', error)).toBe(error);
});

test('an error of anything else is of no kind', () => {
  expect(Object.values(kinds).map((test) => test(new Error('x')))).toEqual([false, false, false, false]);
});
