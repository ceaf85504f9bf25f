import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DriverEngineInfo } from '../../../src/driver/driver';
import { WRAPPER_PROTOCOL } from '../../../src/driver/runc/wrapper-protocol';
import { container, DriverSetup } from '../../lib/driver-setup';

let setup: DriverSetup;
beforeEach(() => {
  setup = new DriverSetup();
});
afterEach(() => {
  setup.remove();
});

const docker = (runtimes: DriverEngineInfo['runtimes']): DriverEngineInfo => {
  return { runtimes, version: '28.5.2', experimental: false };
};

describe('checks', () => {
  const known = { transship: { path: '/somewhere/transship-runc' } };

  test('a node with runc and the wrapper has no findings', async () => {
    expect(await setup.driver().checkFreeze(container)).toEqual([]);
    expect(await setup.driver().checkWake(docker(known))).toEqual([]);
  });

  test('a daemon without the wrapper is told the lines that add it', async () => {
    const [finding] = await setup.driver().checkWake(docker({ runc: {} }));
    expect(finding).toMatchObject({ reason: 'RestoreRuntimeMissing', blocking: true });
    expect(finding?.message).toContain('{"runtimes":{"transship":{"path":"/opt/transship/oci/transship-runc"}}}');
    expect(finding?.message).toContain('kill -HUP');
  });

  test('a wrapper that the daemon knows but that is not there is found', async () => {
    const run = setup.runc;
    run.missing = '/somewhere/transship-runc';
    expect(await setup.driver().checkWake(docker(known))).toMatchObject([
      { reason: 'RestoreRuntimeNotInstalled', blocking: true },
    ]);
  });

  test.each([2, undefined])('a wrapper of the protocol %p is refused, and what to do is said', async (protocol) => {
    setup.runc.protocol = protocol;
    const [finding, ...others] = await setup.driver().checkWake(docker(known));
    expect(finding).toMatchObject({ reason: 'RestoreRuntimeOutdated', blocking: true });
    expect(finding?.message).toContain(`(protocol ${protocol ?? 'unknown'}, not ${WRAPPER_PROTOCOL})`);
    expect(others).toEqual([]);
  });

  test('the script in this checkout has the protocol of the agent', () => {
    const script = readFileSync(join(__dirname, '../../../oci/transship-runc'), 'utf8');
    expect(/^protocol=(\d+)$/m.exec(script)?.[1]).toBe(String(WRAPPER_PROTOCOL));
  });

  test('a node without the script that brings memory in is found', async () => {
    expect(await setup.driver().checkLazy(docker(known))).toEqual([]);
    setup.runc.missing = '/somewhere/transship-pages';
    const [finding] = await setup.driver().checkLazy(docker(known));
    expect(finding).toMatchObject({ reason: 'LazyPagesUnsupported', blocking: true });
    expect(finding?.message).toContain('/somewhere/transship-pages');
  });

  test('a container of another runtime, and a node without runc, are found', async () => {
    const run = setup.runc;
    run.missing = 'runc';
    const findings = await setup.driver().checkFreeze({ ...container, id: 'd'.repeat(64), runtime: 'kata' });
    expect(findings.map(({ reason }) => reason)).toEqual(['RuntimeUnsupported', 'RuncMissing']);
  });

  test("a container's own CRIU configuration is a warning", async () => {
    const annotations = { 'org.criu.config': '/etc/criu/own.conf' };
    expect(await setup.driver().checkFreeze({ ...container, annotations })).toMatchObject([
      { reason: 'CriuConfigNotCarried', blocking: false },
    ]);
  });
});
