import type { AddressGate, HookRequest, MoveHooks } from '../../src/agent/move-hook/port';
import type { Answer } from '../../src/agent/networks/hooked';
import { ReasonedError } from '../../src/runtime/errors';

/** The addresses of a node that move, its hooks and its gate. */
export class FakeAddresses {
  /** Those that the node has. */
  readonly held = new Set<string>();
  /** By the migrations for which no TCP comes or goes. */
  readonly shut = new Map<string, readonly string[]>();
  /** By container. */
  readonly answers = new Map<string, readonly Answer[]>();
  /** How often the hook fails from now on. */
  failures = 0;
  /** Everything that the hook was asked for. */
  readonly requests: HookRequest[] = [];

  get asked(): string[] {
    return this.requests.map(({ action }) => action);
  }

  hooks(): MoveHooks {
    return {
      run: (_name, request) => {
        if (this.failures-- > 0) return Promise.reject(new ReasonedError('MoveHookFailed', 'for the test'));
        this.requests.push(request);
        for (const address of request.addresses) {
          if (request.action === 'acquire') this.held.add(address);
          if (request.action === 'release') this.held.delete(address);
        }
        return Promise.resolve();
      },
    };
  }

  gate(): AddressGate {
    const done = (): Promise<void> => Promise.resolve();
    return {
      shut: (uid, addresses) => {
        this.shut.set(uid, addresses);
        return done();
      },
      open: (uid) => {
        this.shut.delete(uid);
        return done();
      },
      answerAs: (containerID, answers) => {
        this.answers.set(containerID, answers);
        return done();
      },
      answerNoMore: (containerID) => {
        this.answers.delete(containerID);
        return done();
      },
      endSockets: done,
      tidy: done,
    };
  }
}
