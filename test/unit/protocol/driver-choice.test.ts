import type { ContainerMigration, DriverReport, Spec } from '../../../src/api/types';
import { chooseDriver, whyNoDriver } from '../../../src/protocol/driver-choice';
import { migration, source, target } from '../../lib/migration';

const RUNC: DriverReport = { name: 'runc' };
const DOCKER: DriverReport = { name: 'docker' };
const without = (name: DriverReport['name'], message: string): DriverReport => ({
  name,
  problems: [{ reason: 'Test', message }],
});

function looked(driver: Spec['driver'], from?: DriverReport[], to?: DriverReport[]): ContainerMigration {
  return migration(
    {
      source: source('Preflighted', from === undefined ? {} : { drivers: from }),
      target: target('Preflighted', to === undefined ? {} : { drivers: to }),
    },
    { spec: { driver } },
  );
}

describe('Auto', () => {
  test('takes runc where both nodes can use both', () => {
    expect(chooseDriver(looked('Auto', [RUNC, DOCKER], [RUNC, DOCKER]))).toEqual({
      name: 'runc',
      because: 'both nodes can use runc',
    });
  });

  test.each([
    ['the target', [RUNC, DOCKER], [without('runc', 'no wrapper'), DOCKER], 'node-b: no wrapper'],
    ['the source', [without('runc', 'no runc'), DOCKER], [RUNC, DOCKER], 'node-a: no runc'],
  ] as const)('takes docker where %s cannot use runc, and says why', (_who, from, to, why) => {
    const choice = chooseDriver(looked('Auto', [...from], [...to]));
    expect(choice).toEqual({ name: 'docker', because: `both nodes can use docker; runc is not possible: ${why}` });
  });

  test('finds none where each node can use another one, and says what stands against each', () => {
    const object = looked(
      'Auto',
      [RUNC, without('docker', 'not experimental')],
      [without('runc', 'no wrapper'), DOCKER],
    );
    expect(chooseDriver(object)).toBeUndefined();
    expect(whyNoDriver(object)).toBe('driver runc: node-b: no wrapper; driver docker: node-a: not experimental');
  });

  test('takes an agent that reports no drivers for one that knows runc alone', () => {
    expect(chooseDriver(looked('Auto'))?.name).toBe('runc');
    expect(chooseDriver(looked('Auto', [without('runc', 'no'), DOCKER]))).toBeUndefined();
  });

  test('keeps to what the schema takes, whatever the nodes say', () => {
    const choice = chooseDriver(looked('Auto', [without('runc', 'x'.repeat(9_000)), DOCKER], [RUNC, DOCKER]));
    expect(choice?.because.length).toBe(4096);
  });
});

test.each(['runc', 'docker'] as const)('%s is taken when it is named, and no other', (driver) => {
  const other = driver === 'runc' ? DOCKER : RUNC;
  expect(chooseDriver(looked(driver, [{ name: driver }], [{ name: driver }]))).toEqual({
    name: driver,
    because: `spec.driver names ${driver}`,
  });
  expect(chooseDriver(looked(driver, [without(driver, 'no'), other], [RUNC, DOCKER]))).toBeUndefined();
});
