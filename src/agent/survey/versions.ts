import type { Check, NodeReport } from '../../api/types';
import { blocking } from '../node-checks';

/** One node, as far as versions matter. */
export type Versions = Pick<NodeReport, 'kernel' | 'docker' | 'criu' | 'runc'> & { readonly nodeName: string };

/** Versions that are known not to go together on one node; the table in docs/preflight.md. */
const ON_ONE_NODE: readonly ((node: Versions) => Check | undefined)[] = [
  // checkpoint-restore/criu #2705: getsockopt(SO_PASSCRED) of an inet socket fails from 6.16 on.
  ({ nodeName, kernel, criu }) =>
    criu !== undefined && isOlder(criu, '4.2') && !isOlder(kernel, '6.16')
      ? blocking(
          'VersionsIncompatible',
          `CRIU ${criu} on ${nodeName} cannot dump or restore any network socket on its kernel ${kernel}; install CRIU 4.2 or newer there`,
        )
      : undefined,
  // The API of 24 is the first that knows annotations of a container, which name CRIU's configuration (1.43).
  ({ nodeName, docker }) =>
    isOlder(docker, '24')
      ? blocking(
          'VersionsIncompatible',
          `Docker ${docker} on ${nodeName} knows no annotations of containers; install Docker 26 or newer there`,
        )
      : undefined,
];

/** The same of two nodes. That the restore of Docker 28 is broken does not matter: the runtime wrapper does it. */
const BETWEEN_NODES: readonly ((source: Versions, target: Versions) => Check | undefined)[] = [
  (source, target) =>
    source.criu !== undefined && target.criu !== undefined && isOlder(target.criu, source.criu)
      ? risky(
          `CRIU is older on ${target.nodeName} (${target.criu}) than on ${source.nodeName} (${source.criu}), and may not know ` +
            'what the newer one wrote; install the same on both',
        )
      : undefined,
  (source, target) =>
    isOlder(target.kernel, source.kernel)
      ? risky(
          `the kernel is older on ${target.nodeName} (${target.kernel}) than on ${source.nodeName} (${source.kernel}), and may ` +
            'not have what the programs use; prefer a target with the same or a newer one',
        )
      : undefined,
];

const risky = (message: string): Check => ({ reason: 'VersionsRisky', message, blocking: false });

/** What is known to go wrong with the versions of this node. */
export function nodeVersionChecks(node: Versions): Check[] {
  return ON_ONE_NODE.flatMap((rule) => rule(node) ?? []);
}

/** What is known to go wrong between the versions of two nodes. */
export function pairVersionChecks(source: Versions, target: Versions): Check[] {
  return BETWEEN_NODES.flatMap((rule) => rule(source, target) ?? []);
}

/** By major and minor version only: patches go together. What is no version is not older than anything. */
function isOlder(version: string, than: string): boolean {
  const [mine, other] = [numbersOf(version), numbersOf(than)];
  if (mine === undefined || other === undefined) return false;
  return mine.major === other.major ? mine.minor < other.minor : mine.major < other.major;
}

function numbersOf(version: string): { major: number; minor: number } | undefined {
  const [, major, minor = '0'] = /^v?(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}
