import { isRecord, member } from './record';

/** A port of the host. */
export interface HostPort {
  /** `tcp`, `udp` or `sctp`. */
  readonly protocol: string;
  /** Address of the host; empty means every address. */
  readonly address: string;
  readonly port: number;
}

/** What a container's owner asked of the host, as far as another host may not have it. */
export interface ContainerNeeds {
  /** Requests to a device driver, as `docker run --gpus` makes them. */
  readonly deviceRequests: number;
  /** Paths of the host's devices, of `--device`. */
  readonly devices: readonly string[];
  /** In bytes; undefined without a limit. */
  readonly memoryLimitBytes: number | undefined;
  /** Ports that were published by number; those that Docker shall choose are chosen anew. */
  readonly ports: readonly HostPort[];
  /** `docker run -it`: somebody may sit at its terminal. */
  readonly terminal: boolean;
  /** `--ipc shareable`: its /dev/shm is a directory of its node. */
  readonly shareableMemory: boolean;
  /** Where Docker mounted something into it. */
  readonly mountPoints: readonly string[];
}

const EVERY_ADDRESS = ['', '0.0.0.0', '::'];
const MAX_PORT = 65_535;

/** Reads it from a whole inspect answer; what is not as Docker documents it counts as not there. */
export function readNeeds(raw: unknown): ContainerNeeds {
  const host = member(raw, 'HostConfig');
  const config = member(raw, 'Config');
  const memory = host['Memory'];
  return {
    deviceRequests: listOf(host['DeviceRequests']).length,
    devices: textsOf(host['Devices'], 'PathOnHost').filter((path) => path.startsWith('/')),
    memoryLimitBytes: typeof memory === 'number' && memory > 0 ? memory : undefined,
    ports: portsOf(host['PortBindings']),
    terminal: config['Tty'] === true && config['OpenStdin'] === true,
    shareableMemory: host['IpcMode'] === 'shareable',
    mountPoints: textsOf(isRecord(raw) ? raw['Mounts'] : undefined, 'Destination'),
  };
}

/** The host ports that a container has just now, those that Docker has chosen too. */
export function readPortsInUse(raw: unknown): readonly HostPort[] {
  return portsOf(member(raw, 'NetworkSettings')['Ports']);
}

/** Of Docker's `{"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}`. */
function portsOf(bindings: unknown): HostPort[] {
  return Object.entries(isRecord(bindings) ? bindings : {}).flatMap(([name, list]) => {
    const protocol = name.split('/')[1] ?? 'tcp';
    return listOf(list).flatMap((binding) => {
      const { HostIp: ip, HostPort: text } = isRecord(binding) ? binding : {};
      const port = typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : 0;
      if (port < 1 || port > MAX_PORT) return [];
      const address = typeof ip === 'string' && !EVERY_ADDRESS.includes(ip) ? ip : '';
      return [{ protocol, address, port }];
    });
  });
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function textsOf(list: unknown, field: string): string[] {
  return listOf(list).flatMap((entry) => {
    const text = isRecord(entry) ? entry[field] : undefined;
    return typeof text === 'string' ? [text] : [];
  });
}
