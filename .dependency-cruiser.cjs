/**
 * The directions of the arrows between packages. Each package lists what its sources may import;
 * whatever is not listed is forbidden, so siblings (two stores, two sandboxes, two transports) never meet.
 */
const adapters = [
  'sandbox-local',
  'sandbox-docker',
  'sandbox-modal',
  'persistence-memory',
  'persistence-sqlite',
  'persistence-postgres',
  'persistence-mongodb',
  'persistence-convex',
];
const portOnly = ['core', 'protocol'];

const mayImport = {
  protocol: [],
  converters: ['protocol'],
  core: ['protocol', 'converters'],
  runner: ['protocol', 'converters'],
  relay: ['protocol'],
  simulator: [],
  'transport-http': portOnly,
  'transport-ws': portOnly,
  ...Object.fromEntries(adapters.map((adapter) => [adapter, portOnly])),
  client: ['protocol'],
  testkit: ['core', 'protocol', 'client', 'simulator'],
  server: [
    'core',
    'protocol',
    'transport-http',
    'transport-ws',
    'persistence-memory',
    'sandbox-local',
    'sandbox-modal',
    'relay',
    'runner',
  ],
  cli: ['server', 'client', 'core', 'protocol', 'simulator', ...adapters],
  console: ['client', 'protocol'],
};

/**
 * These stand above the testkit, so their tests may use it. Below it, tests use inline fakes: turbo refuses cycles.
 * The simulator imports nothing of ours, so every test may use it.
 */
const testedByKit = new Set(['transport-http', 'transport-ws', 'server', 'cli', ...adapters]);

/** A backend's library stands in exactly one package. */
const backendLibraries = {
  modal: 'sandbox-modal',
  dockerode: 'sandbox-docker',
  pg: 'persistence-postgres',
  mongodb: 'persistence-mongodb',
  convex: 'persistence-convex',
};

const pure = ['protocol', 'converters', 'core', 'client'];
const tests = '(\\.test\\.tsx?$|/test/|/__fixtures__/)';
const anyOf = (names) => `(${names.join('|')})`;
const folderOf = (name) => (name === 'console' ? 'apps/console' : `packages/${name}`);

const workspaceRules = Object.entries(mayImport).flatMap(([name, allowed]) => {
  const own = `^${folderOf(name)}/`;
  const reachable = (names) => `^${anyOf([name, ...names].map(folderOf))}/`;
  const rule = (suffix, from, names) => ({
    name: `${name}-${suffix}`,
    comment: `packages/${name} may import ${names.join(', ') || 'no package of this workspace'}`,
    severity: 'error',
    from,
    to: { path: '^(packages|apps|tests)/', pathNot: reachable(names) },
  });
  return [
    rule('imports', { path: own, pathNot: tests }, allowed),
    rule(
      'test-imports',
      { path: `${own}.*${tests}` },
      testedByKit.has(name) ? [...allowed, 'testkit', 'simulator'] : [...allowed, 'simulator'],
    ),
  ];
});

const backendRules = Object.entries(backendLibraries).map(([library, home]) => ({
  name: `${library}-stays-home`,
  comment: `only packages/${home} and the scenarios may import ${library}`,
  severity: 'error',
  from: { path: '^(packages|apps)/', pathNot: `^packages/${home}/` },
  to: { path: `node_modules/${library}/` },
}));

module.exports = {
  forbidden: [
    ...workspaceRules,
    ...backendRules,
    {
      name: 'no-node-built-ins-in-pure-packages',
      comment: 'protocol, converters, core and client run in a browser',
      severity: 'error',
      from: { path: `^packages/${anyOf(pure)}/src/`, pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-tests-in-sources',
      comment: 'what is published never imports a test or a fixture',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/src/', pathNot: tests },
      to: { path: tests },
    },
    {
      name: 'apps-server-is-thin',
      comment: 'the reference server is assembled by cli and server alone',
      severity: 'error',
      from: { path: '^apps/server/src/', pathNot: tests },
      to: { path: '^packages/', pathNot: '^packages/(cli|server)/' },
    },
    {
      name: 'nothing-imports-apps-or-scenarios',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^(apps/server|tests)/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // What a consumer writes is compiled and run against the packed packages.
    exclude: { path: '(^|/)(dist|coverage)/|^tests/src/packed/consumer/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.node.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@hhopkins/source', 'types', 'import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.d.ts'],
    },
  },
};
