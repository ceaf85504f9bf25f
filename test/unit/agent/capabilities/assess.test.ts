import type { NodeLook } from '../../../../src/agent/capabilities/assess';
import { assessNode, wrapperCondition } from '../../../../src/agent/capabilities/assess';

const WELL: NodeLook = {
  nodeName: 'node-a',
  facts: {
    machine: 'x86_64',
    kernel: '6.18.1',
    criu: '4.2.1',
    runc: '1.3.6',
    cpuFlags: ['avx2', 'constant_tsc', 'sse2'],
    memory: { totalBytes: 8_000_000, availableBytes: 1 },
  },
  docker: '28.5.2',
  containerd: '2.1.9',
  criu: { ok: true },
  volume: { ok: true },
  wake: [],
  wakeByDocker: [{ reason: 'EngineNotExperimental', message: 'add it', blocking: true }],
};
const NO_CRIU = { ok: false, reason: 'CriuMissing', message: 'install it' } as const;
const NO_WRAPPER = { reason: 'RestoreRuntimeMissing', message: 'add the lines', blocking: true };

test('a node that can do everything says so, with what it is', () => {
  expect(assessNode(WELL)).toEqual({
    status: {
      summary: 'runc',
      versions: { kernel: '6.18.1', criu: '4.2.1', runc: '1.3.6', docker: '28.5.2', containerd: '2.1.9' },
      machine: 'x86_64',
      cpuFeatures: ['avx2', 'sse2'],
      memoryBytes: 8_000_000,
      drivers: [
        { name: 'runc', roles: ['Source', 'Target'] },
        {
          name: 'docker',
          roles: [],
          problems: [
            { role: 'Source', reason: 'EngineNotExperimental', message: 'add it' },
            { role: 'Target', reason: 'EngineNotExperimental', message: 'add it' },
          ],
        },
      ],
    },
    ready: { type: 'Ready', status: 'True', reason: 'NodeReady', message: expect.any(String) as string },
  });
});

test.each([
  ['CRIU does not work', { criu: NO_CRIU }, [], 'none', 'CriuMissing'],
  ['the wrapper is not registered', { wake: [NO_WRAPPER] }, ['Source'], 'runc (Source only)', 'RestoreRuntimeMissing'],
  ['runc does not run', { facts: { ...WELL.facts, runc: undefined } }, ['Target'], 'runc (Target only)', 'RuncMissing'],
  ['versions do not go together', { docker: '20.10' }, [], 'none', 'VersionsIncompatible'],
  [
    'the volume is away, which is no fault of a driver',
    { volume: { ok: false, reason: 'VolumeNotMounted', message: 'mount it' } as const },
    ['Source', 'Target'],
    'runc',
    'VolumeNotMounted',
  ],
  ['a driver only warns', { wake: [{ ...NO_WRAPPER, blocking: false }] }, ['Source', 'Target'], 'runc', 'NodeReady'],
])('when %s', (_what, change, roles, summary, reason) => {
  const { status, ready } = assessNode({ ...WELL, ...change });
  expect(status.summary).toBe(summary);
  expect(status.drivers?.[0]?.roles).toEqual(roles);
  expect([ready.status, ready.reason]).toEqual([reason === 'NodeReady' ? 'True' : 'False', reason]);
});

test('every role that is missing has a problem with its reason and what to do', () => {
  const { status } = assessNode({ ...WELL, criu: NO_CRIU, wake: [NO_WRAPPER] });
  expect(status.drivers?.[0]?.problems).toEqual([
    { role: 'Source', reason: 'CriuMissing', message: 'install it' },
    { role: 'Target', reason: 'CriuMissing', message: 'install it' },
    { role: 'Target', reason: 'RestoreRuntimeMissing', message: 'add the lines' },
  ]);
});

test('one driver is enough, and what each of them can do is told', () => {
  const network = { reason: 'PrivateNetworkUnsupported', message: 'use 26', blocking: true };
  const both = assessNode({ ...WELL, wake: [NO_WRAPPER], wakeByDocker: [] });
  expect([both.status.summary, both.ready.status]).toEqual(['runc (Source only), docker', 'True']);
  const none = assessNode({ ...WELL, wake: [NO_WRAPPER], wakeByDocker: [network] });
  expect([none.status.summary, none.ready.status]).toEqual(['runc (Source only), docker (Source only)', 'False']);
  expect(none.ready.reason).toBe('RestoreRuntimeMissing');
});

test('nothing that Docker or a program did not tell is made up', () => {
  const { status } = assessNode({ ...WELL, containerd: undefined, facts: { ...WELL.facts, criu: undefined } });
  expect(Object.keys(status.versions ?? {}).sort()).toEqual(['docker', 'kernel', 'runc']);
});

test('the installation of the wrapper is a condition of its own', () => {
  expect(wrapperCondition(undefined)).toMatchObject({ status: 'Unknown' });
  expect(wrapperCondition({ installed: true, reason: 'RuntimeInUse', message: 'remove x' })).toEqual({
    type: 'WrapperInstalled',
    status: 'True',
    reason: 'RuntimeInUse',
    message: 'remove x',
  });
});
