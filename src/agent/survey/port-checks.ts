import type { Check } from '../../api/types';
import type { HostPort } from '../../docker/needs';
import { blocking } from '../node-checks';

const MAX_SHOWN = 5;

/**
 * Ports of the host, published or listened on in the host's network, that are taken on the target: by another container, or by a program that listens there. Docker would
 * refuse to start the container for it, in the middle of the downtime.
 */
export function portChecks(
  wanted: readonly HostPort[],
  target: {
    readonly name: string;
    readonly listeners: readonly HostPort[];
    readonly containers: readonly { readonly name: string; readonly ports: readonly HostPort[] }[];
  },
): Check[] {
  const taken = wanted.flatMap((port) => {
    const container = target.containers.find(({ ports }) => ports.some((other) => collide(port, other)));
    const listener = target.listeners.find((other) => collide(port, other));
    if (container !== undefined) return [`${format(port)} by container ${container.name}`];
    return listener === undefined ? [] : [`${format(port)} by a program that listens on ${format(listener)}`];
  });
  if (taken.length === 0) return [];
  const more = taken.length > MAX_SHOWN ? ` and ${taken.length - MAX_SHOWN} more` : '';
  return [
    blocking(
      'PortTaken',
      `ports of the host that the container needs are taken on ${target.name}: ${taken.slice(0, MAX_SHOWN).join(', ')}${more}; ` +
        'free them, or move the container elsewhere',
    ),
  ];
}

/** Every address collides with any: a socket on all addresses cannot be bound next to one on a single address. */
function collide(a: HostPort, b: HostPort): boolean {
  if (a.protocol !== b.protocol || a.port !== b.port) return false;
  return a.address === '' || b.address === '' || a.address === b.address;
}

const format = ({ address, port, protocol }: HostPort): string =>
  `${address === '' ? '*' : address}:${port}/${protocol}`;
