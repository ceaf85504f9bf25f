import { Installer } from '../../../../src/agent/install/installer';
import type { InstallState } from '../../../../src/agent/install/settle';
import { ReasonedError } from '../../../../src/runtime/errors';
import { FakeClock } from '../../../lib/fake-clock';
import { recordingLogger } from '../../../lib/recording-logger';

const installed: InstallState = { installed: true, reason: 'Registered', message: 'well' };

test('an agent looks again and again, tells each thing once, and goes on after a failure', async () => {
  const clock = new FakeClock();
  const log = recordingLogger();
  const stop = new AbortController();
  const rounds: (() => Promise<InstallState>)[] = [
    () => Promise.reject(new ReasonedError('DockerdNotFound', 'no daemon')),
    () => Promise.reject(new ReasonedError('DockerdNotFound', 'no daemon')),
    () => Promise.reject(new Error('out of memory')),
    () => Promise.resolve(installed),
  ];
  const installer = new Installer(() => (rounds.shift() ?? (() => Promise.resolve(installed)))(), clock, log);
  expect(installer.state).toBeUndefined();
  const running = installer.run(stop.signal);
  await clock.advance(1_000_000);
  expect(log.lines).toMatchObject([
    { level: 'warn', message: 'runtime wrapper', fields: { reason: 'DockerdNotFound', detail: 'no daemon' } },
    { level: 'warn', fields: { reason: 'InstallFailed', detail: 'out of memory' } },
    { level: 'info', fields: { reason: 'Registered' } },
  ]);
  expect(installer.state).toEqual(installed);
  stop.abort();
  await running;
  expect(clock.pendingSleeps).toBe(0);
});
