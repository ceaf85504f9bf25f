/** One range of addresses of a Docker network. */
export interface NetworkSubnet {
  /** `10.99.0.0/24`, `2001:db8::/64` */
  readonly subnet: string;
  readonly gateway: string | undefined;
  /** The part of it from which Docker chooses addresses. */
  readonly range: string | undefined;
}

/** An address of a Docker network that somebody has just now. */
export interface NetworkUser {
  /** IP addresses without their prefixes. */
  readonly addresses: readonly string[];
  /** Lower case; empty where Docker shows none. */
  readonly macAddress: string;
  /** Who has it, for people: `container web`. */
  readonly what: string;
}

/** What Docker says of one of its networks. */
export interface NetworkInfo {
  /** Full ID. */
  readonly id: string;
  readonly name: string;
  /** `bridge`, `macvlan`, `ipvlan`, `overlay`, or the name of a plugin. */
  readonly driver: string;
  /** `local`, or `swarm` and `global` for one that spans nodes. */
  readonly scope: string;
  /** It has no way out of the node. */
  readonly internal: boolean;
  /** Also those that Docker chose itself: the API does not tell them apart. */
  readonly subnets: readonly NetworkSubnet[];
  /** What its creator told the driver. */
  readonly options: Readonly<Record<string, string>>;
  /** Its gateways, reserved addresses, and running containers: Docker gives none of their addresses to another. */
  readonly users: readonly NetworkUser[];
}

/**
 * The networks of this node's Docker daemon. Every call has a deadline, and fails as those of the ContainerEngine do.
 */
export interface DockerNetworks {
  /** All that have this name, whole: two may, one of the node and one of a swarm, or left by an old Docker. */
  named(name: string): Promise<readonly NetworkInfo[]>;
}
