import { isRecord, member } from './record';

/** A TCP port of a container that Docker publishes at a port of the host which its owner chose. */
export interface PublishedPort {
  readonly containerPort: number;
  /** Address of the host; empty means every address. */
  readonly hostAddress: string;
  readonly hostPort: number;
}

const EVERY_ADDRESS = ['0.0.0.0', '::'];

/** Reads them from a whole inspect answer; those that Docker chooses are others on the next host, and are left out. */
export function readPublished(raw: unknown): readonly PublishedPort[] {
  const bindings = member(member(raw, 'HostConfig'), 'PortBindings');
  return Object.entries(bindings).flatMap(([name, list]) => {
    const containerPort = portOf(/^(\d+)\/tcp$/.exec(name)?.[1]);
    const entries: readonly unknown[] = Array.isArray(list) ? list : [];
    return entries.flatMap((binding) => {
      const { HostIp: ip, HostPort: port } = isRecord(binding) ? binding : {};
      const hostPort = portOf(port);
      if (containerPort === undefined || hostPort === undefined) return [];
      const hostAddress = typeof ip === 'string' && !EVERY_ADDRESS.includes(ip) ? ip : '';
      return [{ containerPort, hostAddress, hostPort }];
    });
  });
}

function portOf(text: unknown): number | undefined {
  const port = typeof text === 'string' && /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port > 0 && port <= 65_535 ? port : undefined;
}
