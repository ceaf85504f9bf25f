/**
 * Containers that between them set every field that a user can set; of each, `docker inspect` is kept below
 * test/fixtures/inspect as both Engines answer it. scripts/record-inspects.ts takes them, e2e tests make them anew.
 */

/** How one of them is made. */
export interface InspectCase {
  readonly name: string;
  /** Arguments of `docker create`, before the image. */
  readonly args: readonly string[];
  /** What it runs; a shell that ends when it is told to, when absent. */
  readonly command?: readonly string[];
  /** True for what this kind of machine cannot start: only created, never run. */
  readonly createdOnly?: boolean;
  /** Arguments of `docker network connect`, before the container. */
  readonly connect?: readonly string[];
  /** The network that it is taken out of again, after that. */
  readonly disconnect?: string;
  /** Another case, which must be there first. */
  readonly needs?: string;
  /** Only on a lab with this profile: the other Engine does not know what it sets. */
  readonly profile?: string;
}

/** The image of all of them. */
export const CASE_IMAGE = 'transship-lab/busybox:1';
/** Begins the names of their containers, while they are recorded. */
export const CASE_PREFIX = 'fixture-';
/** The networks that they need: arguments of `docker network create`, before the name. */
export const CASE_NETWORKS: Readonly<Record<string, readonly string[]>> = {
  'fixture-net': ['--subnet', '10.99.0.0/24'],
  'fixture-other': ['--subnet', '10.99.1.0/24'],
  'fixture-six': ['--ipv6', '--subnet', '10.99.2.0/24', '--subnet', 'fd99::/64', '--gateway', 'fd99::fe'],
};
/** Networks of other kinds: `docker network inspect` of all of them is kept below test/fixtures/networks. */
export const FURTHER_NETWORKS: Readonly<Record<string, readonly string[]>> = {
  'fixture-lan': words(`--driver macvlan --subnet 10.99.3.0/24 --ip-range 10.99.3.128/25 --aux-address printer=10.99.3.9
    --opt parent=eth0 --opt macvlan_mode=bridge`),
  'fixture-auto': ['--internal'],
};
/** Volumes that they leave behind. */
export const CASE_VOLUMES = ['fixture-data', 'fixture-more'];

const SLEEPER = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1; done'];

/** The command line of `docker create` after the word itself. */
export function createArguments({ name, args, command = SLEEPER }: InspectCase, prefix: string): string[] {
  // Those that need another one name it by the prefix of the recording.
  const own = args.map((argument) => argument.replaceAll(CASE_PREFIX + '@', prefix));
  return ['--name', `${prefix}${name}`, '--label', 'transship.dev/fixture=yes', ...own, CASE_IMAGE, ...command];
}

/** In an order in which each finds what it needs. */
export const INSPECT_CASES: readonly InspectCase[] = [
  {
    name: 'bridge',
    args: words(`--publish 127.0.0.1:18081:8000 --publish 9000/udp --restart on-failure:3 --env GREETING=hello
      --label app=web --hostname web --workdir /tmp`),
  },
  { name: 'joined', args: ['--network', 'container:fixture-@bridge'], needs: 'bridge' },
  { name: 'host', args: words('--network host --restart always') },
  { name: 'none', args: words('--network none --read-only --tmpfs /run:size=1m --shm-size 8m') },
  {
    name: 'fixed-address',
    args: words('--network fixture-net --ip 10.99.0.20 --network-alias front --mac-address 02:42:0a:63:00:14'),
  },
  {
    name: 'two-networks',
    args: ['--network', 'fixture-net'],
    connect: words('--alias second --ip 10.99.1.7 fixture-other'),
  },
  { name: 'ipv6', args: words('--network fixture-six --ip6 fd99::20 --link-local-ip 169.254.8.8') },
  { name: 'disconnected', args: words('--network fixture-net'), connect: ['fixture-other'], disconnect: 'fixture-net' },
  {
    name: 'limits',
    args: words(`--network none --memory 64m --cpus 0.5 --pids-limit 50 --ulimit nofile=1024:2048 --cpuset-cpus 0
      --log-driver json-file --log-opt max-size=1m --oom-score-adj 100`),
  },
  {
    name: 'healthcheck',
    args: words(
      '--network none --health-cmd true --health-interval 5s --health-retries 2 --stop-signal SIGINT --stop-timeout 3',
    ),
  },
  {
    name: 'capabilities',
    args: words(`--network none --cap-add NET_ADMIN --cap-drop MKNOD --security-opt no-new-privileges
      --device /dev/null:/dev/second-null --user 0:0 --group-add 100 --sysctl net.ipv4.ip_unprivileged_port_start=80
      --add-host peer:10.99.0.9 --dns 10.99.0.1`),
  },
  {
    name: 'volumes',
    args: words(`--network none --volume fixture-data:/data --volume /anonymous --volume /tmp:/host:ro
      --mount type=bind,source=/opt,target=/opt,readonly --mount type=tmpfs,target=/scratch,tmpfs-size=1048576
      --mount type=volume,target=/nameless --rm`),
  },
  { name: 'host-names', args: words('--network none --uts host --pid host --ipc host') },
  { name: 'terminal', args: words('--network none --tty --interactive --privileged --init'), command: ['sh'] },
  {
    name: 'moved',
    args: words(`--network none --runtime runc --annotation org.criu.config=/run/transship/criu/old.conf
      --annotation com.example.owner=team-a --label transship.dev/migration=old`),
  },
  {
    name: 'resources',
    args: words(`--network none --cpu-shares 512 --cpu-period 50000 --cpu-quota 20000 --cpuset-mems 0 --memory 64m
      --memory-reservation 32m --memory-swap 128m --memory-swappiness 10 --oom-kill-disable
      --cgroup-parent /fixture --ulimit core=0 --ulimit nproc=100:200 --device-cgroup-rule`).concat('c 1:3 rwm'),
  },
  {
    name: 'block-devices',
    args: words(`--network none --blkio-weight 300 --blkio-weight-device /dev/null:200 --device-read-bps /dev/null:1mb
      --device-write-bps /dev/null:2mb --device-read-iops /dev/null:100 --device-write-iops /dev/null:200
      --cpu-rt-period 1000000 --cpu-rt-runtime 0 --gpus all`),
    createdOnly: true,
  },
  {
    name: 'namespaces',
    args: words(`--network none --cgroupns private --userns host --ipc shareable --isolation default
      --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined
      --hostname inner --domainname example.org --log-driver local --log-opt max-file=3
      --restart unless-stopped --user nobody --stop-timeout 0`),
  },
  {
    name: 'names',
    args: words(`--dns 10.99.0.1 --dns-search example.org --dns-option ndots:2 --expose 8080 --expose 5000-5001/udp
      --publish-all --publish 18100-18101:7000-7001/tcp --cidfile /tmp/fixture.cid --link fixture-@bridge:web`),
    needs: 'bridge',
  },
  { name: 'volume-owner', args: words('--network none --volume fixture-data:/data --volume /anonymous') },
  {
    name: 'volumes-from',
    // Of one without tmpfs mounts: Docker looks for a volume without a name, then.
    args: words(
      '--network none --volumes-from fixture-@volume-owner:ro --volume-driver local --volume fixture-more:/more',
    ),
    needs: 'volume-owner',
  },
  {
    name: 'mount-options',
    args: words(`--network none --mount type=bind,source=/opt,target=/opt,bind-propagation=rslave,bind-recursive=disabled
      --mount type=volume,source=fixture-more,target=/more,volume-nocopy,volume-label=a=b,readonly
      --mount type=tmpfs,target=/scratch,tmpfs-mode=1770 --tmpfs /run:noexec --volume /opt:/slave:ro,rslave`),
    // The lab's root is no shared mount.
    createdOnly: true,
  },
  {
    name: 'attached',
    args: words('--network none --interactive --attach stdin --attach stdout --attach stderr --entrypoint /bin/sh'),
    command: ['-c', 'exec sleep 1000'],
  },
  {
    name: 'probes',
    args: words(`--network none --health-cmd true --health-interval 1h --health-timeout 7s --health-retries 4
      --health-start-period 30s --health-start-interval 2s`),
  },
  { name: 'no-probe', args: words('--network none --no-healthcheck --ulimit nofile=512 --env EMPTY= --env A=b=c') },
  {
    name: 'endpoint-options',
    args: [
      '--network',
      'name=fixture-net,ip=10.99.0.30,link-local-ip=169.254.7.7,alias=one,alias=two,mac-address=02:42:0a:63:00:1e,driver-opt=com.example.a=b',
      '--network',
      'name=fixture-other,alias=three',
    ],
  },
  {
    name: 'newer',
    args: ['--network', 'name=fixture-net,gw-priority=5'],
    profile: 'docker28',
  },
];

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
