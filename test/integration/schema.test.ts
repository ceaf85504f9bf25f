import { parse } from 'yaml';
import { mustRun, removeNamespace, run } from '../lib/lab-tools';

const scratch = `schema-test-${process.pid}`;

beforeAll(() => {
  mustRun('kubectl', ['apply', '-f', 'crds/containermigrations.yaml', '--validate=false']);
  mustRun('kubectl', ['wait', '--for=condition=Established', 'crd/containermigrations.transship.dev']);
  mustRun('kubectl', ['create', 'namespace', scratch]);
});

afterAll(() => {
  removeNamespace(scratch);
});

type Fields = Record<string, unknown>;

const goodSpec = { source: { nodeName: 'nowhere-a', container: 'looper' }, target: { nodeName: 'nowhere-b' } };

/** Offers an object to the API server without storing it; only the server's own checks count. */
function offer(spec: Fields, name = 'move'): { code: number; stdout: string; stderr: string } {
  const object = { apiVersion: 'transship.dev/v1alpha1', kind: 'ContainerMigration', metadata: { name }, spec };
  return run(
    'kubectl',
    ['create', '--namespace', scratch, '--validate=false', '--dry-run=server', '-o', 'yaml', '-f', '-'],
    { input: JSON.stringify(object) },
  );
}

describe('the API server', () => {
  it('accepts the smallest spec and fills in the defaults', () => {
    const { code, stdout } = offer(goodSpec);
    expect(code).toBe(0);
    expect((parse(stdout) as Fields)['spec']).toEqual({
      ...goodSpec,
      afterSuccess: 'Remove',
      retainCheckpoint: 'OnFailure',
      activeDeadlineSeconds: 600,
      backoffLimit: 3,
      connections: 'Refuse',
      driver: 'Auto',
      volumes: 'Copy',
      volumeOverrides: [],
      image: 'Transfer',
      logs: 'Carry',
      memory: 'Eager',
      cancel: false,
      mode: 'Migrate',
    });
  });

  it('accepts a spec that leaves the target to the controller', () => {
    const { source } = goodSpec;
    const targetOf = (spec: Fields): unknown => ((parse(offer(spec).stdout) as Fields)['spec'] as Fields)['target'];
    expect(targetOf({ source })).toEqual({});
    expect(targetOf({ source, target: {} })).toEqual({});
    const selective = { nodeSelector: { zone: 'eu' } };
    expect(targetOf({ source, target: selective })).toEqual(selective);
  });

  it.each<[what: string, spec: Fields, message: RegExp]>([
    ['no source', { target: goodSpec.target }, /spec\.source: Required value/],
    ['no node to leave', { ...goodSpec, source: { container: 'x' } }, /spec\.source\.nodeName: Required value/],
    ['no container', { ...goodSpec, source: { nodeName: 'a' } }, /spec\.source\.container: Required value/],
    [
      'a label that is no text',
      { ...goodSpec, target: { nodeSelector: { zone: 7 } } },
      /spec\.target\.nodeSelector\.zone in body must be of type string/,
    ],
    [
      'a node name with a capital',
      { ...goodSpec, target: { nodeName: 'Node-B' } },
      /spec\.target\.nodeName in body should match '\^\[a-z0-9\]/,
    ],
    [
      'an option of CRIU beyond the safe ones',
      { ...goodSpec, criu: ['ext-unix-sk', 'action-script=/bin/sh'] },
      /spec\.criu(\[1\])? in body should match/,
    ],
    [
      'a container name with a slash',
      { ...goodSpec, source: { nodeName: 'a', container: '/looper' } },
      /spec\.source\.container in body should match/,
    ],
    [
      'a target name of one character',
      { ...goodSpec, target: { nodeName: 'b', containerName: 'x' } },
      /spec\.target\.containerName in body should (be at least 2 chars long|match)/,
    ],
    [
      'an unknown word for afterSuccess',
      { ...goodSpec, afterSuccess: 'Explode' },
      /spec\.afterSuccess: Unsupported value: "Explode": supported values: "Remove", "Keep"/,
    ],
    [
      'two overrides for one volume',
      { ...goodSpec, volumeOverrides: ['Copy', 'Skip'].map((policy) => ({ name: 'data', policy })) },
      /spec\.volumeOverrides\[1\]: Duplicate value/,
    ],
    [
      'an unknown word for retainCheckpoint',
      { ...goodSpec, retainCheckpoint: 'Maybe' },
      /spec\.retainCheckpoint: Unsupported value: "Maybe": supported values: "Never", "OnFailure", "Always"/,
    ],
    [
      'an unknown word for image',
      { ...goodSpec, image: 'Copy' },
      /spec\.image: Unsupported value: "Copy": supported values: "Require", "Pull", "Transfer"/,
    ],
    [
      'an unknown word for logs',
      { ...goodSpec, logs: 'Copy' },
      /spec\.logs: Unsupported value: "Copy": supported values: "Carry", "Skip"/,
    ],
    [
      'an unknown word for mode',
      { ...goodSpec, mode: 'DryRun' },
      /spec\.mode: Unsupported value: "DryRun": supported values: "Migrate", "Preflight"/,
    ],
    ['a downtime without a unit', { ...goodSpec, maxDowntime: '2' }, /spec\.maxDowntime in body should match/],
    [
      'a deadline below ten seconds',
      { ...goodSpec, activeDeadlineSeconds: 5 },
      /spec\.activeDeadlineSeconds in body should be greater than or equal to 10/,
    ],
    [
      'a deadline as a text',
      { ...goodSpec, activeDeadlineSeconds: '5m' },
      /spec\.activeDeadlineSeconds in body must be of type integer: "string"/,
    ],
  ])('refuses %s, and names the field and the rule', (_what, spec, message) => {
    const { code, stderr } = offer(spec);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });

  it('refuses a mistyped field when kubectl validates, and names it', () => {
    const object = {
      apiVersion: 'transship.dev/v1alpha1',
      kind: 'ContainerMigration',
      metadata: { name: 'move' },
      spec: { ...goodSpec, afterSucces: 'Keep' },
    };
    // The client learns the schema from the server, which publishes a new one with a delay.
    const { code, stderr } = run(
      'kubectl',
      ['create', '--namespace', scratch, '--validate=strict', '--dry-run=server', '-f', '-'],
      { input: JSON.stringify(object) },
    );
    expect(code).not.toBe(0);
    expect(stderr).toContain('unknown field "afterSucces"');
  });

  it.each(['spec', 'spec.source', 'spec.target', 'status', 'status.downtime'])('explains every field of %s', (path) => {
    const text = mustRun('kubectl', ['explain', `cmig.${path}`]);
    expect(text).toMatch(/\t<\w/);
    expect(text).not.toContain('<no description>');
  });
});
