// The import rules of docs/architecture.md, checked in CI (`npm run imports`).

/** Folder of src → the folders of src it may import besides itself. */
const allowed = {
  api: [],
  runtime: [],
  kube: ['api', 'runtime'],
  docker: ['runtime'],
  criu: ['runtime'],
  store: ['runtime'],
  driver: ['runtime', 'docker', 'criu', 'store'],
  protocol: ['api'],
  trace: ['runtime', 'store'],
  controller: ['api', 'runtime', 'kube', 'protocol'],
  agent: ['api', 'runtime', 'kube', 'docker', 'criu', 'store', 'driver', 'protocol', 'trace'],
};

/** npm package → the one folder of src that may import it. */
const wrapped = {
  '@kubernetes/client-node': 'kube',
  undici: 'kube',
  dockerode: 'docker',
  winston: 'runtime',
  'prom-client': 'runtime',
  'jsonc-parser': 'agent',
};

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, path: '^src/', pathNot: '/main\\.ts$' }, to: {} },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: '@types' },
    },
    { name: 'no-barrels', severity: 'error', from: {}, to: { path: '^src/.*/index\\.ts$' } },
    { name: 'main-is-imported-by-nobody', severity: 'error', from: {}, to: { path: '^src/.*/main\\.ts$' } },
    { name: 'src-imports-src-only', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|lab|scripts)/' } },
    ...Object.entries(allowed).map(([folder, others]) => ({
      name: `layer-${folder}`,
      comment: `src/${folder} may import: ${others.join(', ') || 'nothing of ours'}`,
      severity: 'error',
      from: { path: `^src/${folder}/` },
      to: { path: '^src/', pathNot: `^src/(${[folder, ...others].join('|')})/` },
    })),
    ...Object.entries(wrapped).map(([name, folder]) => ({
      name: `only-${folder}-imports-${name.replace(/\W+/g, '-')}`,
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/${folder}/` },
      to: { path: `node_modules/(@types/)?${name}/` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
