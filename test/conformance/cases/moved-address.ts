/** Connections to an address of the node, and what becomes of them when the address moves with the container or does not. */
import { bulkServer } from '../../lib/bulk-stream';
import type { NodeName } from '../../lib/lab-docker';
import type { Case } from '../case';
import { dockerOnBoth, onBoth, onNode } from '../lab';
import { PYTHON } from '../witness';
import { asked, asking, differs, keep, kept, PORT, servedOn, streamed } from './kept-clients';

const NETWORK = 'conformance-bridge';
const HOOK = 'conformance-vip';
const HOOK_PATH = `/etc/transship/hooks/${HOOK}`;
/** Of the nodes' own wire, and neither node's own. */
const MOVED = `${process.env['LAB_SUBNET'] ?? '10.88.0'}.250`;

/**
 * As docs/connections.md has it.
 * @param first lines that can end it early
 */
const hook = (first = ''): string => `#!/bin/sh
set -eu
request=$(cat)
case $request in *'"addresses":["${MOVED}"]'*) ;; *) echo "only ${MOVED} may be moved" >&2; exit 1 ;; esac
${first}
case $1 in
acquire)
  ip address replace ${MOVED}/32 dev eth0
  sysctl -qw net.ipv4.conf.eth0.arp_notify=1
  ip link set dev eth0 address "$(ip -o link show dev eth0 | sed 's|.* link/ether \\([^ ]*\\).*|\\1|')"
  ;;
release) ip address del ${MOVED}/32 dev eth0 2>/dev/null || ! ip -o address show dev eth0 | grep -qF ' ${MOVED}/' ;;
esac
`;
/** It says that the target has the address, and gives it none. */
const LYING = hook(`case "$1 $request" in 'acquire '*'"role":"target"'*) exit 0 ;; esac`);

/** Such a network on both nodes, the hook, and the address on the first. */
const withHook = (script = hook()): Pick<Case, 'origin' | 'spec' | 'setUp' | 'tearDown' | 'judge'> => ({
  origin: 'connections',
  spec: { connections: 'Keep', network: { moveHook: HOOK, addresses: [MOVED] } },
  setUp: async () => {
    await onBoth('mkdir -p "${1%/*}"; printf %s "$2" >"$1"; chmod 755 "${1%/*}" "$1"', HOOK_PATH, script);
    await acquire('node-a');
    await withBridge.setUp?.();
  },
  tearDown: async () => {
    await withBridge.tearDown?.();
    await onBoth('rm -f "$1"; ip address del "$2" dev eth0 2>/dev/null || true', HOOK_PATH, `${MOVED}/32`);
  },
  judge: async (migration, place) => [
    ...(migration.status.phase === 'Succeeded' ? await kept(1)(migration, place) : []),
    ...(await misplaced(place.node)),
  ],
});

const withBridge: Pick<Case, 'setUp' | 'tearDown'> = {
  setUp: () => dockerOnBoth('network', 'create', '--subnet', '172.30.18.0/24', NETWORK),
  tearDown: () => dockerOnBoth('network', 'rm', '--force', NETWORK),
};

/** Without a migration. */
async function acquire(node: NodeName): Promise<void> {
  await onNode(node, 'printf %s "$2" | "$1" acquire', HOOK_PATH, `"addresses":["${MOVED}"]`);
}

/** The address must be where the container is, and only there. */
async function misplaced(home: string): Promise<string[]> {
  const found: string[] = [];
  for (const node of ['node-a', 'node-b'] as const) {
    const has = (await onNode(node, 'ip -o address show dev eth0')).includes(` ${MOVED}/`);
    if (has !== (node === home)) found.push(`${node} has ${has ? '' : 'not '}the address`);
  }
  return found;
}

/** The address comes only now, after the end of the migration. */
const isMovedLate: NonNullable<Case['judge']> = async (migration, place) => {
  const early = await misplaced(place.node);
  await acquire('node-b');
  const faults = [...(await kept(1)(migration, place)), ...(await misplaced(place.node))];
  return early.length > 0 ? faults : [...faults, 'the address was not late'];
};

const atMoved = (): Promise<string> => Promise.resolve(MOVED);
const published = (where: string): string[] => ['--network', NETWORK, '--publish', `${where}${PORT}:${PORT}`];
const streaming: Pick<Case, 'run' | 'look' | 'beside' | 'differs'> = {
  run: [...published(''), PYTHON, 'python3', '-c', bulkServer(PORT)],
  look: () => Promise.resolve({ same: {} }),
  beside: streamed(atMoved),
  differs,
};
// Docker writes the node's name down as that of a container with the node's network.
const differsOnHost = [...differs, 'inspect.Config.Hostname'];

export const AT_MOVED_ADDRESS: readonly Case[] = [
  {
    ...withHook(),
    id: 'tcp-keep-dnat',
    title: 'bulk data in both directions at a published port, a virtual address moved before the wake-up',
    states: 'both ends received what the other one sent, by its sum; the address is on the target alone',
    ...streaming,
  },
  {
    ...withHook(LYING),
    id: 'tcp-keep-dnat-late',
    title: 'the same, the virtual address moved after the wake-up, as by a hook that answers too early',
    states: 'both ends received what the other one sent, by its sum',
    ...streaming,
    judge: isMovedLate,
  },
  {
    ...withHook(),
    id: 'tcp-keep-dnat-address',
    title: 'a client that asks all the time, at a port published at the virtual address alone',
    states: 'every question is answered over the same connection; the address is on the target alone',
    run: [...published(`${MOVED}:`), ...asked],
    beside: asking(atMoved),
    differs,
  },
  {
    ...withHook(),
    id: 'tcp-keep-host-vip',
    title: 'a client that asks all the time, with --network host, the virtual address moved before the wake-up',
    states: 'every question is answered over the same connection; the address is on the target alone',
    run: ['--network', 'host', ...asked],
    beside: asking(atMoved),
    differs: differsOnHost,
  },
  {
    ...withHook(LYING),
    id: 'tcp-keep-host-no-vip',
    title: 'the same, a hook that leaves the target without the address',
    states: 'the wake-up fails and is rolled back; the address is on the source alone, where the client is served on',
    run: ['--network', 'host', ...asked],
    expected: { kind: 'refused', phase: 'RolledBack', reason: 'AddressNotAvailable' },
    beside: asking(atMoved),
    differs: differsOnHost,
  },
  {
    ...keep,
    ...withBridge,
    id: 'tcp-keep-other-address',
    title: "a connection at the source's own address, another address on the target",
    states: 'it is refused before anything is touched, and the client is served on over the same connection',
    run: [...published(''), ...asked],
    expected: { kind: 'refused', phase: 'Failed', reason: 'ConnectionsNotKeepable' },
    beside: servedOn(({ address }) => Promise.resolve(address)),
    differs,
  },
];
