import { takeAddresses, withAddressesReturned } from '../../../../src/agent/move-hook/wake-steps';
import type { ContainerInfo } from '../../../../src/docker/engine';
import { attachedNetworks } from '../../../../src/docker/endpoints';
import { pinAddresses } from '../../../../src/docker/pin-addresses';
import { FakeAddresses } from '../../../lib/fake-addresses';
import { inspectFixture } from '../../../lib/inspect-fixtures';
import { migration, UID } from '../../../lib/migration';

const VIP = '10.0.0.100';
const moving = migration({}, { spec: { connections: 'Keep', network: { moveHook: 'vip', addresses: [VIP] } } });

/** In a user's network, at the address that it had there, with a published port; as it is on the target. */
function publishing(): ContainerInfo {
  const two = inspectFixture('docker28', 'two-networks');
  const pinned = pinAddresses(
    two,
    attachedNetworks(two).map(({ name }) => name),
  );
  const raw = pinned.raw as { HostConfig: object };
  const PortBindings = { '80/tcp': [{ HostIp: '', HostPort: '8080' }] };
  return { ...pinned, raw: { ...raw, HostConfig: { ...raw.HostConfig, PortBindings } } };
}

test('what a container that is taken away says at the end is for nobody', async () => {
  const addresses = new FakeAddresses();
  const container = publishing();
  const own = attachedNetworks(container).flatMap((network) => network.addresses);
  expect(own).not.toEqual([]);
  const deps = {
    moveHooks: addresses.hooks(),
    addressGate: addresses.gate(),
    node: { name: 'node-b' } as Parameters<typeof takeAddresses>[2]['node'],
    engine: { inspect: () => Promise.resolve(container) } as unknown as Parameters<
      typeof withAddressesReturned
    >[2]['engine'],
  };
  await takeAddresses(moving, container, deps);
  expect(addresses.shut.get(UID)).toEqual([VIP]);
  expect(addresses.answers.get(container.id)).toHaveLength(own.length);

  const target = { claimedAt: '2026-01-01T00:00:00Z', state: 'Restored', containerID: container.id } as const;
  let meanwhile: unknown;
  await withAddressesReturned(moving, target, deps, () => {
    // It ends by its own address, which is translated only later.
    meanwhile = [addresses.shut.get(UID), [...addresses.held]];
    return Promise.resolve();
  });
  expect(meanwhile).toEqual([[VIP, ...own], [VIP]]);
  expect([addresses.shut.size, addresses.answers.size, addresses.held.size]).toEqual([0, 0, 0]);
});
