/**
 * The fields of a container's description, closed: what is not named here is refused by its name. Taken from Docker's
 * API 1.24 to 1.51 (moby api/types/container: config.go, hostconfig.go; network: endpoint.go; mount: mount.go).
 */

const text = { type: 'string', pattern: '^[^\\u0000]*$' } as const;
const flag = { type: 'boolean', nullable: true } as const;
const integer = {
  type: 'integer',
  nullable: true,
  minimum: Number.MIN_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
} as const;
const list = (items: unknown): object => ({ type: 'array', nullable: true, items });
const texts = list(text);
const map = (values: unknown): object => ({ type: 'object', nullable: true, additionalProperties: values });
const textMap = map(text);
const object = (properties: Fields): object => ({
  type: 'object',
  nullable: true,
  additionalProperties: false,
  properties,
});
const emptyObject = object({});

type Fields = Readonly<Record<string, object>>;
const all = (names: string, schema: object): Fields =>
  Object.fromEntries(
    names
      .split(/[\s,]+/)
      .filter(Boolean)
      .map((name) => [name, schema]),
  );

/** Docker's `Config`, without what names the image. */
const config: Fields = {
  ...all('Hostname Domainname User WorkingDir StopSignal', text),
  ...all('AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce ArgsEscaped NetworkDisabled', flag),
  ...all('Env Cmd Entrypoint OnBuild Shell', texts),
  ...all('ExposedPorts Volumes', map(emptyObject)),
  Healthcheck: object({ Test: texts, ...all('Interval Timeout StartPeriod StartInterval Retries', integer) }),
  Labels: textMap,
  StopTimeout: integer,
};

const mount = object({
  ...all('Type Source Target Consistency', text),
  ReadOnly: flag,
  BindOptions: object({
    Propagation: text,
    ...all('NonRecursive CreateMountpoint ReadOnlyNonRecursive ReadOnlyForceRecursive', flag),
  }),
  VolumeOptions: object({
    NoCopy: flag,
    Labels: textMap,
    Subpath: text,
    DriverConfig: object({ Name: text, Options: textMap }),
  }),
  ImageOptions: object({ Subpath: text }),
  TmpfsOptions: object({ ...all('SizeBytes Mode', integer), Options: list(texts) }),
  ClusterOptions: emptyObject,
});

/** Docker's `HostConfig` with its `Resources`. */
const hostConfig: Fields = {
  ...all(
    `ContainerIDFile VolumeDriver CgroupnsMode IpcMode Cgroup PidMode UTSMode UsernsMode Runtime Isolation CgroupParent
     CpusetCpus CpusetMems NetworkMode`,
    text,
  ),
  ...all('AutoRemove Privileged PublishAllPorts ReadonlyRootfs OomKillDisable Init', flag),
  ...all(
    `OomScoreAdj ShmSize CpuShares Memory NanoCpus BlkioWeight CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime
     KernelMemory KernelMemoryTCP MemoryReservation MemorySwap MemorySwappiness PidsLimit CpuCount CpuPercent
     IOMaximumIOps IOMaximumBandwidth`,
    integer,
  ),
  ...all(
    `Binds VolumesFrom CapAdd CapDrop Dns DnsOptions DnsSearch ExtraHosts GroupAdd Links SecurityOpt DeviceCgroupRules
     MaskedPaths ReadonlyPaths`,
    texts,
  ),
  ...all('Annotations StorageOpt Tmpfs Sysctls', textMap),
  LogConfig: object({ Type: text, Config: textMap }),
  PortBindings: map(list(object({ HostIp: text, HostPort: text }))),
  RestartPolicy: object({ Name: text, MaximumRetryCount: integer }),
  ConsoleSize: list(integer),
  Mounts: list(mount),
  ...all('BlkioWeightDevice', list(object({ Path: text, Weight: integer }))),
  ...all(
    'BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps',
    list(object({ Path: text, Rate: integer })),
  ),
  Devices: list(object(all('PathOnHost PathInContainer CgroupPermissions', text))),
  DeviceRequests: list(
    object({ Driver: text, Count: integer, DeviceIDs: texts, Capabilities: list(texts), Options: textMap }),
  ),
  Ulimits: list(object({ Name: text, ...all('Hard Soft', integer) })),
};

const endpoint = {
  type: 'object',
  additionalProperties: false,
  properties: {
    IPAMConfig: object({ ...all('IPv4Address IPv6Address', text), LinkLocalIPs: texts }),
    ...all('Links Aliases', texts),
    DriverOpts: textMap,
    GwPriority: integer,
    MacAddress: text,
  },
};

/** JSON schema of a PortableDescription. */
export const descriptionSchema = {
  type: 'object',
  required: ['version', 'name', 'imageID', 'imageName', 'config', 'hostConfig', 'endpoints'],
  additionalProperties: false,
  properties: {
    version: { const: 1 },
    name: { type: 'string', pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]*$', maxLength: 253 },
    imageID: { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' },
    imageName: { ...text, minLength: 1, maxLength: 4096 },
    config: { type: 'object', additionalProperties: false, properties: config },
    hostConfig: { type: 'object', required: ['NetworkMode'], additionalProperties: false, properties: hostConfig },
    endpoints: { type: 'object', additionalProperties: endpoint },
    origin: {
      type: 'object',
      required: ['restarts', 'moves'],
      additionalProperties: false,
      properties: {
        createdAt: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z$' },
        ...all('restarts moves', { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
      },
    },
    volumes: {
      type: 'object',
      propertyNames: { pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]*$', maxLength: 255 },
      additionalProperties: { type: 'object', additionalProperties: text },
    },
  },
};

/** The fields that a description may have of Docker's `Config`. */
export const configSchema: object = object(config);

/** The fields that a description may have of Docker's `HostConfig`. */
export const hostConfigSchema: object = object(hostConfig);
