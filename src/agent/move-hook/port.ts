import type { Answer } from '../networks/hooked';

/**
 * What a hook is asked for. `check`: whether it would move these addresses; changes nothing. `release`: this node holds
 * them no more. `acquire`: this node holds them.
 */
export type HookAction = 'check' | 'release' | 'acquire';

/** What a hook reads from its standard input, as one JSON document. */
export interface HookRequest {
  /** Of this document; a later one has all that an earlier one had. */
  readonly version: 1;
  readonly action: HookAction;
  readonly migration: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly attempt: number;
  /** Whether this node is the one that the container leaves, or the one that it moves to. */
  readonly role: 'source' | 'target';
  readonly node: string;
  readonly peerNode: string;
  readonly container: string;
  readonly addresses: readonly string[];
  /** Connections that go along; nothing where that is not known yet. */
  readonly connections?: { readonly count: number; readonly peers: readonly string[] };
}

/** What the source's journal has of addresses that it was about to give up: how they are had back. */
export interface GivenUp {
  readonly moveHook: string;
  /** To acquire them. */
  readonly request: HookRequest;
}

/** The programs by which the administrator of the node lets addresses be moved. */
export interface MoveHooks {
  /**
   * Runs the hook of that name, when it is one that only root could have put there.
   * @throws ReasonedError MoveHookMissing, MoveHookUnsafe, MoveHookFailed with the end of what it wrote
   */
  run(name: string, request: HookRequest): Promise<void>;
}

/** Keeps TCP away from addresses of the node while they are on their way. Every method can be repeated. */
export interface AddressGate {
  /**
   * From here on no TCP comes in for these addresses, and none leaves from them, whatever the node's kernel has to say:
   * neither an acknowledgement of what is in no dump, nor a reset for a socket that is yet to be made. For packets that
   * come there are no sockets and no connections, so that nothing remembers them wrongly later.
   * @throws ReasonedError AddressGateFailed
   */
  shut(migrationUID: string, addresses: readonly string[]): Promise<void>;
  /** Takes that back. @throws ReasonedError AddressGateFailed */
  open(migrationUID: string, addresses: readonly string[]): Promise<void>;
  /**
   * What leaves these ports of a container answers as what its peers know it by, also where the node has seen nothing of
   * the connection yet: it would have the container speak for the node. Stays for as long as the container is there.
   * @throws ReasonedError AddressGateFailed
   */
  answerAs(containerID: string, answers: readonly Answer[]): Promise<void>;
  /** Takes that back, for a container that is gone. @throws ReasonedError AddressGateFailed */
  answerNoMore(containerID: string, addresses: readonly string[]): Promise<void>;
  /**
   * Ends the node's own TCP sockets at these addresses, which it has no more: what a killed process leaves unsent lives on
   * in the kernel for minutes. What cannot be ended ends by itself.
   */
  endSockets(addresses: readonly string[]): Promise<void>;
  /**
   * Removes what was set for migrations and containers that are not there any more.
   * @param isKnown asked about what was found, so about nothing that is younger than the answer
   */
  tidy(isKnown: {
    migration: (uidPrefix: string) => boolean;
    container: (idPrefix: string) => Promise<boolean>;
  }): Promise<void>;
}
