import type { NetworkInfo } from '../../src/docker/networks';

/** A plain bridge that nobody is in, but for what the case changes. */
export function networkInfo(changes: Partial<NetworkInfo> = {}): NetworkInfo {
  return {
    id: 'f'.repeat(64),
    name: 'backend',
    driver: 'bridge',
    scope: 'local',
    internal: false,
    subnets: [{ subnet: '10.99.0.0/24', gateway: '10.99.0.1', range: undefined }],
    options: {},
    users: [],
    ...changes,
  };
}
