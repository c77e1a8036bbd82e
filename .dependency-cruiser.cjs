// Imports point right, never left. web stands apart and may use only common.
const ORDER = ['scripts', 'server', 'labs', 'graders', 'clusters', 'policy', 'system', 'common'];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'web-uses-only-common',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: `^(${ORDER.slice(0, -1).join('|')})/` },
    },
    {
      name: 'common-is-pure',
      severity: 'error',
      from: { path: '^common/', pathNot: '[.]test[.]ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'labs-are-content',
      severity: 'error',
      from: { path: '^labs/' },
      to: { path: '^(clusters|policy|system)/' },
    },
    {
      name: 'policy-is-pure',
      severity: 'error',
      from: { path: '^policy/', pathNot: '[.]test[.]ts$' },
      to: { path: '^system/' },
    },
    {
      name: 'providers-are-strangers',
      severity: 'error',
      from: { path: '^clusters/([^/]+)/' },
      // `client` is what providers share: how to talk to an API server from outside.
      to: { path: '^clusters/[^/]+/', pathNot: '^clusters/($1|client)/' },
    },
    {
      name: 'tests-stay-out',
      severity: 'error',
      from: { pathNot: '([.](test|contract)|-fixture)[.]ts$|^test/|/test-support/' },
      to: { path: '([.](test|contract)|-fixture)[.]ts$|^test/|/test-support/' },
    },
    ...ORDER.map((folder, i) => ({
      name: `${folder}-imports-only-rightwards`,
      severity: 'error',
      from: { path: `^${folder}/` },
      to: { path: `^(${[...ORDER.slice(0, i), 'web'].join('|')})/` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules|test-results)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
