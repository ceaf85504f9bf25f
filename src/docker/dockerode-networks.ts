import Ajv from 'ajv';
import { ReasonedError } from '../runtime/errors';
import type { DockerCallOptions, DockerRequest } from './docker-calls';
import { DockerCalls, request } from './docker-calls';
import { isName } from './names';
import type { DockerNetworks, NetworkInfo, NetworkUser } from './networks';

type Call = (request: DockerRequest) => Promise<unknown>;

/** The part of dockerode that is used; see dockerode-engine.ts. */
interface Dockerode {
  readonly listNetworks: Call;
  getNetwork(id: string): { readonly inspect: Call };
}

type Texts = Readonly<Record<string, string>> | null;
interface NetworkAnswer {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly Internal?: boolean;
  readonly IPAM?: {
    readonly Config?:
      | readonly {
          readonly Subnet?: string;
          readonly Gateway?: string;
          readonly IPRange?: string;
          readonly AuxiliaryAddresses?: Texts;
        }[]
      | null;
  };
  readonly Options?: Texts;
  readonly Containers?: Readonly<
    Record<string, { Name?: string; MacAddress?: string; IPv4Address?: string; IPv6Address?: string }>
  > | null;
}

const string = { type: 'string' };
const texts = { type: 'object', nullable: true, additionalProperties: string };
const object = (properties: Readonly<Record<string, object>>): object => ({ type: 'object', properties });
const ajv = new Ajv({ strict: false });
const isNetwork = ajv.compile<NetworkAnswer>({
  type: 'object',
  required: ['Id', 'Name', 'Driver', 'Scope'],
  properties: {
    ...{ Id: string, Name: string, Driver: string, Scope: string, Internal: { type: 'boolean' } },
    IPAM: object({
      Config: {
        type: 'array',
        nullable: true,
        items: object({ Subnet: string, Gateway: string, IPRange: string, AuxiliaryAddresses: texts }),
      },
    }),
    Options: texts,
    Containers: {
      type: 'object',
      nullable: true,
      additionalProperties: object({ Name: string, MacAddress: string, IPv4Address: string, IPv6Address: string }),
    },
  },
});
const isList = ajv.compile<readonly { readonly Id: string; readonly Name: string }[]>({
  type: 'array',
  items: { type: 'object', required: ['Id', 'Name'], properties: { Id: string, Name: string } },
});

/** The networks of the daemon behind a Unix socket. Nothing is sent before the first call. */
export class DockerodeNetworks implements DockerNetworks {
  readonly #calls: DockerCalls;
  readonly #docker: Dockerode;

  constructor(options: DockerCallOptions) {
    this.#calls = new DockerCalls(options);
    this.#docker = this.#calls.connect();
  }

  async named(name: string): Promise<readonly NetworkInfo[]> {
    // Docker compares parts of names: the list also has those that merely contain it.
    const query = { filters: JSON.stringify({ name: [name] }) };
    const list = await this.#calls.call('list its networks', (signal) =>
      this.#docker.listNetworks(request(signal, { query })),
    );
    if (!isList(list)) throw invalid('its networks');
    const found: NetworkInfo[] = [];
    for (const { Id } of list.filter(({ Name }) => Name === name)) {
      const network = await this.#inspect(Id);
      if (network !== undefined) found.push(network);
    }
    return found;
  }

  /** Undefined when it is gone. Only this shows who is in it. */
  async #inspect(id: string): Promise<NetworkInfo | undefined> {
    if (!isName(id)) throw invalid('its networks');
    const answer = await this.#calls.unlessMissing(`inspect network ${id}`, (signal) =>
      this.#docker.getNetwork(id).inspect(request(signal)),
    );
    if (answer === undefined) return undefined;
    if (!isNetwork(answer)) throw invalid('a network');
    return toInfo(answer);
  }
}

function toInfo({ Id, Name, Driver, Scope, Internal, IPAM, Options, Containers }: NetworkAnswer): NetworkInfo {
  const pools = IPAM?.Config ?? [];
  const gateways = pools.flatMap(({ Gateway }) => user('the gateway of the network', [Gateway]));
  const reserved = pools.flatMap(({ AuxiliaryAddresses }) =>
    Object.entries(AuxiliaryAddresses ?? {}).flatMap(([host, address]) => user(`reserved for ${host}`, [address])),
  );
  const containers = Object.entries(Containers ?? {}).flatMap(([id, endpoint]) =>
    user(
      `container ${endpoint.Name ?? id.slice(0, 12)}`,
      [endpoint.IPv4Address, endpoint.IPv6Address],
      endpoint.MacAddress,
    ),
  );
  return {
    ...{ id: Id, name: Name, driver: Driver, scope: Scope, internal: Internal ?? false },
    subnets: pools.flatMap(({ Subnet = '', Gateway, IPRange }) =>
      Subnet === '' ? [] : [{ subnet: Subnet, gateway: withoutPrefix(Gateway), range: notEmpty(IPRange) }],
    ),
    options: Options ?? {},
    users: [...gateways, ...reserved, ...containers],
  };
}

function user(what: string, addresses: readonly (string | undefined)[], macAddress = ''): NetworkUser[] {
  const known = addresses.flatMap((address) => withoutPrefix(address) ?? []);
  return known.length === 0 && macAddress === ''
    ? []
    : [{ addresses: known, macAddress: macAddress.toLowerCase(), what }];
}

const notEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** `10.99.0.20/24` → `10.99.0.20`; undefined for nothing. */
const withoutPrefix = (address: string | undefined): string | undefined => notEmpty(address?.split('/')[0]);

function invalid(what: string): ReasonedError {
  return new ReasonedError('EngineAnswerInvalid', `Docker's answer about ${what} is not what its API documents`);
}
