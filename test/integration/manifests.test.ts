import { parse } from 'yaml';
import type { KubeObject, Outcome } from '../lib/lab-tools';
import { mustRun, objectsIn, removeNamespace, run } from '../lib/lab-tools';

const scratch = `manifests-test-${process.pid}`;
const release = `scratch-${process.pid}`;
const chart = 'charts/transship';

const kubectl = (...args: string[]): string => mustRun('kubectl', args);

beforeAll(() => {
  kubectl('create', 'namespace', scratch);
});

afterAll(() => {
  run('helm', ['uninstall', release, '--namespace', scratch]);
  kubectl('delete', 'serviceaccount,secret,configmap', '--all', '--namespace', scratch);
  removeNamespace(scratch);
});

interface ResourceRule {
  verbs: string[];
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
}

/** Everything that an account may do in a namespace, as `verb plural.group[/subresource] [name]`, as the server sees it. */
function rightsOf(account: string, namespace: string): string[] {
  const review = JSON.stringify({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    spec: { namespace },
  });
  const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
  const answer = mustRun('kubectl', ['create', '--raw', path, '-f', '-', '--as', account], review);
  const { resourceRules } = (JSON.parse(answer) as { status: { resourceRules: ResourceRule[] } }).status;
  const rights = resourceRules.flatMap(({ verbs, apiGroups, resources, resourceNames = [''] }) =>
    verbs.flatMap((verb) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          resourceNames.map((name) => `${verb} ${resource}${group === '' ? '' : `.${group}`} ${name}`.trim()),
        ),
      ),
    ),
  );
  // What every account may: ask what it may.
  return [...new Set(rights)].filter((right) => !right.endsWith('.authorization.k8s.io')).sort();
}

const each = (verbs: string, resource: string): string[] => verbs.split(' ').map((verb) => `${verb} ${resource}`);

const controllerEverywhere = [
  ...each('get list watch patch', 'containermigrations.transship.dev'),
  ...each('patch', 'containermigrations/status.transship.dev'),
  ...each('get list', 'nodes'),
  ...each('list', 'migrationnodes.transship.dev'),
  ...each('create patch', 'events'),
];
const controllerAtHome = [
  ...controllerEverywhere,
  ...each('get list create', 'leases.coordination.k8s.io'),
  ...each('update', 'leases.coordination.k8s.io transship-controller'),
];
const agentEverywhere = [
  ...each('get list watch', 'containermigrations.transship.dev'),
  ...each('patch', 'containermigrations/status.transship.dev'),
  ...each('get create patch', 'migrationnodes.transship.dev'),
  ...each('patch', 'migrationnodes/status.transship.dev'),
  // Its own, for the taint out-of-service; by Kubernetes' means it could read the others too.
  ...each('get', 'nodes'),
];
const agentAtHome = [...agentEverywhere, ...each('create patch', 'leases.coordination.k8s.io')];

/** Compares all that the two accounts may do with what they should, and asks some questions outright. */
function checkRights(home: string, prefix: string): void {
  const [controller, agent] = ['controller', 'agent'].map((name) => `system:serviceaccount:${home}:${prefix}-${name}`);
  if (controller === undefined || agent === undefined) throw new Error('unreachable');
  expect(rightsOf(controller, home)).toEqual(controllerAtHome.toSorted());
  expect(rightsOf(controller, 'default')).toEqual(controllerEverywhere.toSorted());
  expect(rightsOf(agent, home)).toEqual(agentAtHome.toSorted());
  expect(rightsOf(agent, 'default')).toEqual(agentEverywhere.toSorted());

  const canI = (account: string, ...what: string[]): string =>
    run('kubectl', ['auth', 'can-i', ...what, '--as', account]).stdout.split(/\s/, 1)[0] ?? '';
  const leases = ['leases', '--namespace', home];
  expect({
    controllerWritesStatus: canI(controller, 'patch', 'cmig', '--subresource=status', '--all-namespaces'),
    controllerReadsSecrets: canI(controller, 'get', 'secrets', '--namespace', home),
    controllerWritesHeartbeats: canI(controller, 'update', 'leases/transship-agent-node-a', '--namespace', home),
    controllerMakesMigrations: canI(controller, 'create', 'cmig', '--namespace', 'default'),
    agentWritesStatus: canI(agent, 'patch', 'cmig', '--subresource=status', '--all-namespaces'),
    agentWritesSpec: canI(agent, 'patch', 'cmig', '--all-namespaces'),
    agentBeats: canI(agent, 'patch', ...leases),
    agentListsNodes: canI(agent, 'list', 'nodes'),
    agentReadsSecrets: canI(agent, 'get', 'secrets', '--namespace', home),
  }).toEqual({
    controllerWritesStatus: 'yes',
    controllerReadsSecrets: 'no',
    controllerWritesHeartbeats: 'no',
    controllerMakesMigrations: 'no',
    agentWritesStatus: 'yes',
    agentWritesSpec: 'no',
    agentBeats: 'yes',
    agentListsNodes: 'no',
    agentReadsSecrets: 'no',
  });
}

describe('manifests/base', () => {
  beforeAll(() => {
    // The API server of the lab has no CEL, so the client's validation does not know the rules of the CRD.
    kubectl('apply', '-k', 'manifests/base', '--validate=false');
  });

  afterAll(() => {
    // Nothing runs them in the lab: there, controller and agents are plain processes.
    kubectl(
      'delete',
      'deployment/transship-controller',
      'daemonset/transship-agent',
      '--namespace',
      'transship-system',
    );
  });

  it('is accepted a second time without a change', () => {
    const lines = kubectl('apply', '-k', 'manifests/base', '--validate=false').trim().split('\n');
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.filter((line) => !line.endsWith(' unchanged') && !line.startsWith('customresource'))).toEqual([]);
  });

  it('gives each account what it needs and no more', () => {
    checkRights('transship-system', 'transship');
  }, 120_000);

  it('has no wildcard and nothing of secrets in its rules', () => {
    const rules = rulesOf(objectsIn(kubectl('kustomize', 'manifests/base')));
    expect(Object.keys(rules)).toHaveLength(4);
    expect(JSON.stringify(rules)).not.toMatch(/\*|secrets|pods/);
  });

  it('lets the controller run without any privilege', () => {
    const deployment = JSON.parse(
      kubectl('get', 'deployment', 'transship-controller', '-n', 'transship-system', '-o', 'json'),
    ) as { spec: { replicas: number; template: { spec: object } } };
    expect(deployment.spec.replicas).toBe(2);
    expect(deployment.spec.template.spec).toMatchObject({
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    });
  });
});

/** The rules of every Role and ClusterRole, under `kind component`. */
function rulesOf(objects: readonly KubeObject[]): Record<string, unknown> {
  return Object.fromEntries(
    objects
      .filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
      .map(({ kind, metadata, ...rest }) => [`${kind} ${metadata.name.split('-').at(-1) ?? ''}`, rest['rules']]),
  );
}

function podSpecsOf(objects: readonly KubeObject[]): Record<string, unknown> {
  return Object.fromEntries(
    objects
      .filter(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet')
      .map(({ kind, spec }) => [kind, (spec as { template: { spec: unknown } }).template.spec]),
  );
}

describe('the Helm chart', () => {
  const render = (...args: string[]): KubeObject[] =>
    objectsIn(mustRun('helm', ['template', 'transship', chart, '--namespace', 'transship-system', ...args]));

  it('passes helm lint without a warning', () => {
    expect(mustRun('helm', ['lint', '--strict', '--quiet', chart])).not.toMatch(/WARNING|ERROR/);
  });

  it('has the rules of manifests/rbac', () => {
    expect(rulesOf(render())).toEqual(rulesOf(objectsIn(kubectl('kustomize', 'manifests/base'))));
  });

  it('runs the same pods as manifests/base', () => {
    // What Kustomize does not set: the chart can, and the default is the same.
    const [fromChart, fromManifests] = [render(), objectsIn(kubectl('kustomize', 'manifests/base'))].map((objects) =>
      JSON.stringify(podSpecsOf(objects), (key: string, value: unknown) =>
        key === 'imagePullPolicy' || key === 'app.kubernetes.io/instance' ? undefined : sorted(value),
      ),
    );
    expect(parse(fromChart ?? '')).toEqual(parse(fromManifests ?? ''));
  });

  it('renders the CRD with CEL rules for a server that knows them, and without for one that does not', () => {
    const crdFor = (version: string): string =>
      mustRun('helm', ['template', 'x', chart, '--show-only', 'templates/crd.yaml', '--kube-version', version]);
    const original = parse(mustRun('cat', ['crds/containermigrations.yaml'])) as KubeObject;
    expect((parse(crdFor('1.31.0')) as KubeObject)['spec']).toEqual(original['spec']);
    expect(crdFor('1.20.2')).not.toContain('x-kubernetes-validations');
    expect(crdFor('1.20.2')).toContain('description: Name of the Node to which the container moves.');
  });

  it('asks the server before it renders a PodDisruptionBudget', () => {
    const kindsFor = (version: string): string[] => render('--kube-version', version).map(({ kind }) => kind);
    expect(kindsFor('1.31.0')).toContain('PodDisruptionBudget');
    expect(kindsFor('1.20.2')).not.toContain('PodDisruptionBudget');
  });

  it('is accepted by the API server as Helm installs it, and gives the same rights', () => {
    const installed = run('helm', [
      ...['install', release, chart, '--namespace', scratch],
      // The lab has the CRD already, and it is not this release's.
      ...['--set', 'crds.install=false'],
    ]);
    expect(installed).toMatchObject({ code: 0 });
    expect(installed.stdout).toContain('"path": "/opt/transship/oci/transship-runc"');
    checkRights(scratch, `${release}-transship`);
  }, 120_000);

  it('is accepted by the API server as kubectl applies its rendering, CRD included', () => {
    const rendered = mustRun('helm', ['template', 'x', chart, '--namespace', scratch, '--kube-version', '1.20.2']);
    for (const how of [['--server-side', '--force-conflicts'], []]) {
      const applied = mustRun('kubectl', ['apply', '--dry-run=server', ...how, '-f', '-'], rendered);
      expect(applied.trim().split('\n')).toHaveLength(objectsIn(rendered).length);
    }
  });

  it.each([
    ['an unknown value', 'nonsense=1', "additional properties 'nonsense' not allowed"],
    ['a relative path', 'volume.hostPath=mnt', "'mnt' does not match pattern"],
    ['an unknown log level', 'logLevel=loud', 'value must be one of'],
    ['no controller at all', 'controller.replicas=0', 'minimum'],
  ])('refuses %s', (_what, setting, message) => {
    const refused: Outcome = run('helm', ['template', 'x', chart, '--set', setting]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(message);
  });

  it('puts every value where it belongs', () => {
    const settings = {
      'image.repository': 'somewhere/transship',
      'image.tag': '9.9.9',
      'volume.hostPath': '/srv/checkpoints',
      'docker.socket': '/var/run/other/docker.sock',
      'docker.execRoot': '/var/run/other',
      'agent.nodeSelector.criu': 'present',
      'controller.replicas': '3',
      logLevel: 'debug',
    };
    const objects = render(...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]));
    const agent = JSON.stringify(objects.find(({ kind }) => kind === 'DaemonSet'));
    expect(agent).toContain('"image":"somewhere/transship:9.9.9"');
    expect(agent).toContain('{"name":"TRANSSHIP_VOLUME","value":"/srv/checkpoints"}');
    expect(agent).toContain('"hostPath":{"path":"/srv/checkpoints","type":"Directory"}');
    expect(agent).toContain('{"name":"TRANSSHIP_DOCKER_SOCKET","value":"/host/docker/docker.sock"}');
    expect(agent).toContain('"hostPath":{"path":"/var/run/other","type":"Directory"}');
    expect(agent).toContain('{"name":"TRANSSHIP_DOCKER_EXEC_ROOT","value":"/var/run/other"}');
    expect(agent).toContain('"criu":"present"');
    expect(agent).toContain('{"name":"TRANSSHIP_LOG_LEVEL","value":"debug"}');
    expect(objects.find(({ kind }) => kind === 'Deployment')).toMatchObject({ spec: { replicas: 3 } });
  });
});

/** With sorted keys at every level, so that two texts can be compared. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
