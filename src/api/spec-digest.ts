import { createHash } from 'node:crypto';
import type { RequestedSpec } from './types';

/** JSON with sorted keys, so that equal values have equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/**
 * SHA-256 of a spec but for `cancel`, the one field that may change, as `sha256:<hex>`. Recorded when a migration is
 * accepted: where the API server cannot refuse a changed spec (no CEL before Kubernetes 1.25), the digest shows the
 * change, and nobody acts on it.
 */
export function specDigest(spec: RequestedSpec): string {
  const fixed = canonical({ ...spec, cancel: undefined });
  return `sha256:${createHash('sha256').update(fixed).digest('hex')}`;
}
