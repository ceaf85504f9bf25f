import type * as SpecDigest from '../../../src/api/spec-digest';
import type { RequestedSpec } from '../../../src/api/types';

type Digests = typeof SpecDigest;

/** The real digest, taken once of each spec: the model shares specs, and hashing them would be most of its time. */
export function memoizedDigest(): Digests {
  const { specDigest } = jest.requireActual<Digests>('../../../src/api/spec-digest');
  const known = new WeakMap<RequestedSpec, string>();
  return {
    specDigest: (spec) => {
      const before = known.get(spec);
      if (before !== undefined) return before;
      const digest = specDigest(spec);
      known.set(spec, digest);
      return digest;
    },
  };
}
