/** What holds for each decision in every situation, whether or not the actors could get into it. */
import * as fc from 'fast-check';
import { isCopy, isFinal } from '../../../src/api/types';
import { CONTROLLER_BRANCHES, SOURCE_BRANCHES, TARGET_BRANCHES } from '../../../src/protocol/branches';
import { claimHolds, isRestored } from '../../../src/protocol/claim';
import { decideController } from '../../../src/protocol/controller/decide';
import type { ControllerStep } from '../../../src/protocol/controller/step';
import type { SourceStep } from '../../../src/protocol/source';
import { decideSource } from '../../../src/protocol/source';
import type { TargetStep } from '../../../src/protocol/target';
import { decideTarget } from '../../../src/protocol/target';
import type { Situation } from './any-situation';
import { anySituation } from './any-situation';

interface Steps {
  readonly controller: ControllerStep;
  readonly source: SourceStep;
  readonly target: TargetStep;
}

const decideAll = ({ object, request, ...seen }: Situation): Steps => ({
  controller: decideController(request, seen.controller),
  source: decideSource(object, seen.source),
  target: decideTarget(object, seen.target),
});

/** Checks something of what all three decide, in 3000 situations. */
function always(check: (steps: Steps, situation: Situation) => void): void {
  fc.assert(
    fc.property(anySituation, (situation) => {
      check(decideAll(situation), situation);
    }),
    { numRuns: 3000 },
  );
}

const branches = {
  controller: Object.keys(CONTROLLER_BRANCHES),
  source: Object.keys(SOURCE_BRANCHES),
  target: Object.keys(TARGET_BRANCHES),
};
const actors = ['controller', 'source', 'target'] as const;

test('every decision is one of the branches that are documented, and none throws', () => {
  always((steps) => {
    for (const actor of actors) expect(branches[actor]).toContain(steps[actor].because);
  });
});

test('every branch that is documented can be taken', () => {
  // The same situations each time: this is a question about the tables, not a search.
  const taken = fc.sample(anySituation, { numRuns: 40_000, seed: 1 }).map(decideAll);
  for (const actor of actors) {
    const names = new Set<string>(taken.map((steps) => steps[actor].because));
    expect(branches[actor].filter((name) => !names.has(name))).toEqual([]);
  }
});

test('the same situation always leads to the same steps', () => {
  always((steps, situation) => {
    expect(decideAll(structuredClone(situation))).toEqual(steps);
  });
});

/** Steps after which the container runs on the source, or may. */
const runsOnSource: SourceStep['do'][] = ['Wake', 'Restore', 'Undo'];
const runsOnTarget: TargetStep['do'][] = ['Wake', 'Settle'];

test('the same object never lets both nodes run the container (I1)', () => {
  always(({ source, target }) => {
    expect(runsOnSource.includes(source.do) && runsOnTarget.includes(target.do)).toBe(false);
  });
});

test('the source wakes its container only when it is revoked and the target has no claim', () => {
  always(({ source }, { object }) => {
    if (!runsOnSource.includes(source.do)) return;
    expect(object.status.decision?.revoked).toBeDefined();
    expect(claimHolds(object)).toBe(false);
  });
});

test('the original is ended only when the container has run on the target', () => {
  always(({ source }, { object }) => {
    if (source.do !== 'Release') return;
    expect(isRestored(object.status.target) && claimHolds(object)).toBe(true);
  });
});

test('nothing that a container needs for its memory is taken away, and none succeeds without it', () => {
  always(({ controller, source, target }, { object }) => {
    const { lazyPages } = object.status.target ?? {};
    if (lazyPages === 'Pending') expect(target.do).not.toBe('Settle');
    if (lazyPages === 'Pending' && source.do === 'Release') {
      expect(isFinal(object) || object.status.decision?.memoryLost === true).toBe(true);
    }
    if (lazyPages === 'Pending' || lazyPages === 'Lost') {
      if (source.do === 'Release') expect(source.because).not.toBe('ReleaseOriginal');
      if (controller.do === 'Finish') expect(controller.phase).not.toBe('Succeeded');
    }
  });
});

test('the target claims only what is published and not revoked, and wakes only what it has claimed', () => {
  always(({ target }, { object: { status } }) => {
    if (target.do === 'Claim') {
      expect(status).toMatchObject({ source: { state: 'Published' }, target: { state: 'Prepared' } });
      expect(status.decision?.revoked).toBeUndefined();
    }
    if (target.do === 'Wake') expect(status.target?.state).toBe('Claimed');
    if (target.do === 'Wake' || target.do === 'Settle') expect(status.decision?.revoked?.fenced).toBeUndefined();
  });
});

test('nothing is begun for what has ended, and nothing but tidied up (I6)', () => {
  always(({ controller, source, target }, { object }) => {
    if (!isFinal(object)) return;
    expect(['Rest', 'Acknowledge', 'LetGo']).toContain(controller.do);
    expect(['Preflight', 'Prepare', 'Freeze', 'Adopt', 'Fail']).not.toContain(source.do);
    expect(['Preflight', 'Prepare', 'Claim']).not.toContain(target.do);
  });
});

test('nobody does anything for a copy of an object', () => {
  always(({ controller, source, target }, { object }) => {
    if (!isCopy(object)) return;
    expect(['Refuse', 'Rest', 'LetGo']).toContain(controller.do);
    expect([source, target]).toEqual([
      { do: 'Wait', because: 'NotAdmitted' },
      { do: 'Wait', because: 'NotAdmitted' },
    ]);
  });
});

test('a claim is only taken away by a fence', () => {
  always(({ controller }, { object, controller: seen }) => {
    if (isFinal(object) || isCopy(object) || !claimHolds(object) || controller.do !== 'Revoke') return;
    expect(controller.fenced).toBe(object.spec.target.nodeName);
    expect(seen.target.outOfService).toBe(true);
    expect(isRestored(object.status.target)).toBe(false);
  });
});

test('an object that is deleted goes only when it is final, or when nothing was touched for it (I7)', () => {
  always(({ controller }, { object }) => {
    if (controller.do !== 'LetGo') return;
    expect(isFinal(object) || isCopy(object) || object.status.decision === undefined).toBe(true);
  });
});

test('a target is picked only for what names none, before anything is decided', () => {
  always(({ controller }, { request }) => {
    if (controller.do !== 'PickTarget') return;
    expect(request.spec.target.nodeName).toBeUndefined();
    expect(request.status.decision).toBeUndefined();
    expect(controller.nodeName).toBe('node-b');
  });
});

test('a wait ends some time, and says what for (I8)', () => {
  always(({ controller }, { controller: seen }) => {
    if (controller.do !== 'Wait') return;
    expect(controller.untilMs).toBeGreaterThan(seen.nowMs);
    expect(controller.untilMs).toBeLessThanOrEqual(seen.nowMs + 10_000);
    expect(controller.waitsFor).toMatch(/node-[ab]/);
  });
});

test('a migration that shall only look is granted no step beyond the preflight, and no other ends as checked', () => {
  always(({ controller }, { object: { spec, status } }) => {
    if (controller.do === 'Advance' && controller.to === 'Prepare') expect(spec.mode).toBe('Migrate');
    if (controller.do !== 'Finish' || controller.phase !== 'Checked') return;
    expect(spec.mode).toBe('Preflight');
    expect(status.decision?.step).toBe('Preflight');
    expect([...(status.source?.checks ?? []), ...(status.target?.checks ?? [])].some((one) => one.blocking)).toBe(
      false,
    );
  });
});

test('it succeeds only when the container has run on the target, and is refused only when nothing was touched', () => {
  always(({ controller }, { object: { status } }) => {
    if (controller.do === 'Finish' && controller.phase === 'Succeeded') expect(isRestored(status.target)).toBe(true);
    if (controller.do === 'Finish' && controller.phase === 'RolledBack')
      expect(status.source?.state).toBe('RolledBack');
    if (controller.do === 'Refuse' && controller.because !== 'RefuseCopy') {
      expect([undefined, 'Preflight']).toContain(status.decision?.step);
    }
  });
});
