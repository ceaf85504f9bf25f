import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Gate } from '../../../src/runtime/breakpoints';
import { createGate, HOLD_MS, parseBreakpoint, withBreakpoints } from '../../../src/runtime/breakpoints';
import { systemClock } from '../../../src/runtime/clock';
import { FakeClock } from '../../lib/fake-clock';
import { useTemporaryDirectory } from '../../lib/temporary-directory';
import { poll, sleep } from '../../lib/waiting';

class Engine {
  readonly name = 'docker';
  readonly #done: string[] = [];
  async pause(id: string): Promise<string> {
    await Promise.resolve();
    this.#done.push(id);
    return `paused ${id}`;
  }
  async kill(): Promise<void> {
    await Promise.resolve();
    throw new Error('refused');
  }
  done(): readonly string[] {
    return this.#done;
  }
}

const directory = useTemporaryDirectory();
const path = (name: string): string => join(directory(), name);

/** Calls the gate and tells whether it has let the call through. */
function pass(gate: Gate | undefined, boundary: string): { through: () => boolean; ended: Promise<void> } {
  let through = false;
  const ended = (gate?.(boundary) ?? Promise.reject(new Error('no gate'))).then(() => {
    through = true;
  });
  return { through: () => through, ended };
}

describe('the gate', () => {
  it('does not exist without a directory, nor does a wrapper', () => {
    const engine = new Engine();
    expect(createGate(undefined, systemClock)).toBeUndefined();
    expect(withBreakpoints('engine', engine, undefined, { done: 'sync' })).toBe(engine);
  });

  it('lets everything through while no file asks for anything, or the directory does not exist', async () => {
    writeFileSync(path('engine.kill.before'), '');
    await createGate(directory(), systemClock)?.('engine.pause.before');
    await createGate(path('absent'), systemClock)?.('engine.pause.before');
    expect(readdirSync(directory())).toEqual(['engine.kill.before']);
  });

  it('holds at the boundary of that name until the file is removed', async () => {
    writeFileSync(path('engine.pause.before'), '');
    const { through, ended } = pass(createGate(directory(), systemClock), 'engine.pause.before');
    await poll('the process to be held', () => existsSync(path('engine.pause.before.reached')));
    await sleep(30);
    expect(through()).toBe(false);
    expect(readdirSync(directory())).toEqual(['engine.pause.before.reached']);
    rmSync(path('engine.pause.before.reached'));
    await ended;
  });

  it('holds the n-th time only, also when the process was started again in between', async () => {
    writeFileSync(path('engine.pause.before#3'), '');
    await createGate(directory(), systemClock)?.('engine.pause.before');
    await createGate(directory(), systemClock)?.('engine.pause.before');
    expect(readdirSync(directory())).toEqual(['engine.pause.before#1']);
    const { ended } = pass(createGate(directory(), systemClock), 'engine.pause.before');
    await poll('the process to be held', () => existsSync(path('engine.pause.before.reached')));
    rmSync(path('engine.pause.before.reached'));
    await ended;
  });

  it('holds one of two that come at once', async () => {
    writeFileSync(path('engine.pause.before'), '');
    const gate = createGate(directory(), systemClock);
    const both = [pass(gate, 'engine.pause.before'), pass(gate, 'engine.pause.before')];
    await Promise.race(both.map(({ ended }) => ended));
    await sleep(30);
    expect(both.filter(({ through }) => through())).toHaveLength(1);
    rmSync(path('engine.pause.before.reached'));
    await Promise.all(both.map(({ ended }) => ended));
  });

  it('lets go by itself when nobody comes back', async () => {
    writeFileSync(path('engine.pause.before'), '');
    const clock = new FakeClock();
    const { through, ended } = pass(createGate(directory(), clock), 'engine.pause.before');
    await poll('the process to be held', () => existsSync(path('engine.pause.before.reached')));
    await sleep(30);
    expect(through()).toBe(false);
    await clock.advance(HOLD_MS);
    await ended;
  });

  it('notes every boundary in its order while the file `record` is there', async () => {
    writeFileSync(path('record'), '');
    const engine = withBreakpoints('engine', new Engine(), createGate(directory(), systemClock), { done: 'sync' });
    await engine.pause('one');
    await expect(engine.kill()).rejects.toThrow('refused');
    expect(readFileSync(path('record'), 'utf8').trim().split('\n')).toEqual([
      'engine.pause.before',
      'engine.pause.after',
      'engine.kill.before',
      'engine.kill.after',
    ]);
  });
});

describe('an object with breakpoints', () => {
  it('does and answers what it did before, with its private fields and without waiting where it did not', async () => {
    const seen: string[] = [];
    const gate = (boundary: string): Promise<void> => Promise.resolve(void seen.push(boundary));
    const engine = withBreakpoints('engine', new Engine(), gate, { done: 'sync' });
    expect(await engine.pause('one')).toBe('paused one');
    expect(engine.done()).toEqual(['one']);
    expect(engine.name).toBe('docker');
    expect(seen).toEqual(['engine.pause.before', 'engine.pause.after']);
  });

  it('has not begun the call at the boundary before it', async () => {
    const engine = new Engine();
    const held = withBreakpoints('engine', engine, () => Promise.reject(new Error('killed here')), { done: 'sync' });
    await expect(held.pause('one')).rejects.toThrow('killed here');
    expect(engine.done()).toEqual([]);
  });
});

describe('the name of a file', () => {
  it.each([
    ['engine.pause.before', { boundary: 'engine.pause.before', occurrence: 1 }],
    ['engine.pause.after#12', { boundary: 'engine.pause.after', occurrence: 12 }],
    ['engine.pause.before.reached', undefined],
    ['engine.pause.before#0', undefined],
    ['record', undefined],
  ])('%s asks for %j', (name, asked) => {
    expect(parseBreakpoint(name)).toEqual(asked);
  });
});
