import type { ReasonedError } from '../../../src/runtime/errors';
import { resolve } from '../../../src/agent/source/find-container';

const one = { id: `ab12${'0'.repeat(60)}`, names: ['looper'], labels: {} };
const two = { id: `ab34${'0'.repeat(60)}`, names: ['ab12'], labels: {} };
const three = { id: `cd56${'0'.repeat(60)}`, names: ['web', 'alias/web'], labels: {} };
const all = [one, two, three];

test.each([
  ['an exact name', 'looper', one],
  ['an exact ID', one.id, one],
  ['the beginning of one ID', 'cd', three],
  ['a name that is also the beginning of another ID', 'ab12', two],
])('%s means one container', (_what, reference, expected) => {
  expect(resolve(all, reference, 'node-a')).toBe(expected);
});

/** The reasoned error that looking it up ends in. */
function refusalOf(containers: typeof all, reference: string): ReasonedError {
  try {
    resolve(containers, reference, 'node-a');
  } catch (error) {
    return error as ReasonedError;
  }
  throw new Error(`${reference} was found`);
}

test('the beginning of two IDs is refused, naming both', () => {
  const { reason, message } = refusalOf(all, 'ab');
  expect(reason).toBe('ContainerAmbiguous');
  expect(message).toMatch(/ab12.*looper.*ab34/);
});

test.each([
  ['a name that nobody has', all, 'nothing'],
  ['the beginning of a name', all, 'loope'],
  ['a node without containers', [], 'looper'],
])('%s means no container', (_what, containers, reference) => {
  expect(refusalOf(containers, reference).reason).toBe('ContainerNotFound');
});
