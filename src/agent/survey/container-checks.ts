import type { Check } from '../../api/types';
import type { ContainerNeeds } from '../../docker/needs';
import { blocking } from '../node-checks';
import type { NodeFacts } from './facts';

/** What of a container on this node cannot be frozen, or would not be as before. Pure. */
export function containerChecks(name: string, needs: ContainerNeeds, facts: NodeFacts): Check[] {
  return [
    ...needsChecks(name, needs),
    ...memoryChecks(name, needs, facts),
    ...mountChecks(name, needs, facts),
    ...processChecks(name, needs, facts),
  ];
}

function needsChecks(name: string, { deviceRequests, terminal }: ContainerNeeds): Check[] {
  const checks: Check[] = [];
  if (deviceRequests > 0) {
    checks.push(
      blocking(
        'DeviceRequestsUnsupported',
        `container ${name} was given devices by a driver, such as a GPU (--gpus), whose state CRIU cannot carry; ` +
          'only containers without them can be moved',
      ),
    );
  }
  if (terminal) {
    checks.push({
      reason: 'TerminalDetached',
      message: `container ${name} has a terminal (docker run -it), which moves with it; whoever is attached is detached, and can attach again on the target`,
      blocking: false,
    });
  }
  return checks;
}

/** Which Docker mounts into every container, below a volume at /etc too, and tells CRIU of. */
const MOUNTED_BY_DOCKER = ['/etc/resolv.conf', '/etc/hostname', '/etc/hosts', '/sbin/docker-init', '/dev/shm'];

/** A directory of the host is mounted with all that is mounted below it (rbind), of which Docker tells CRIU nothing. */
function mountChecks(name: string, { mountPoints }: ContainerNeeds, { container }: NodeFacts): Check[] {
  const known = [...mountPoints, ...MOUNTED_BY_DOCKER];
  const below = (container?.hostMounts ?? []).filter(
    (path) => !known.includes(path) && mountPoints.some((parent) => path.startsWith(`${parent}/`)),
  );
  if (below.length === 0) return [];
  const shown = [...below.slice(0, 5), ...(below.length > 5 ? [`${below.length - 5} more`] : [])].join(', ');
  return [
    blocking(
      'MountsBelowUnsupported',
      `a directory that is mounted into container ${name} has further mounts below it, which CRIU cannot dump: ${shown}; mount ` +
        'it without them (--mount type=bind,…,bind-recursive=disabled)',
    ),
  ];
}

/** CRIU carries a container's own /dev/shm; one that others may join is mounted by Docker, which makes a new, empty one. */
function memoryChecks(name: string, { shareableMemory }: ContainerNeeds, { container }: NodeFacts): Check[] {
  const files = container?.sharedMemoryFiles ?? 0;
  if (!shareableMemory || files === 0) return [];
  return [
    blocking(
      'SharedMemoryNotCarried',
      `container ${name} was made with --ipc shareable and has ${files} files in /dev/shm, which then lies on the node and ` +
        'is not carried; have it remove them, or make it with --ipc private',
    ),
  ];
}

function processChecks(name: string, { mountPoints }: ContainerNeeds, facts: NodeFacts): Check[] {
  const { ioUring, notRoot, networkMounts } = facts.container ?? { ioUring: [], notRoot: [], networkMounts: [] };
  const checks: Check[] = [];
  if (ioUring.length > 0) {
    checks.push(
      blocking(
        'IoUring',
        `processes ${ioUring.join(', ')} of container ${name} use io_uring, which CRIU cannot dump; switch it off in the application`,
      ),
    );
  }
  if (notRoot.length > 0 && !facts.hasSysResource) {
    checks.push(
      blocking(
        'NotPermitted',
        `processes ${notRoot.join(', ')} of container ${name} do not run as root, and this node keeps CAP_SYS_RESOURCE from the agent, ` +
          'without which CRIU cannot dump them; give the node or the agent that capability',
      ),
    );
  }
  // What Docker mounted is mounted by Docker again on the target; what was mounted inside nobody can mount there.
  const inside = networkMounts.filter(({ mountPoint }) => !mountPoints.includes(mountPoint));
  if (inside.length > 0) {
    const shown = inside.map(({ mountPoint, fsType }) => `${mountPoint} (${fsType})`).join(', ');
    checks.push(
      blocking(
        'NetworkMountInside',
        `container ${name} has network filesystems mounted inside, which CRIU cannot mount again: ${shown}; ` +
          'mount them on both nodes and into the container by Docker (--mount type=bind) instead',
      ),
    );
  }
  return checks;
}
