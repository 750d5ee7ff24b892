/** Which way imports may point. */

/** Files that know each other, and may. But for the first of these, one of two only knows the other's type. */
const INTENDED_CIRCLES = [
  // One vocabulary: a stream makes a table, a grouped stream a table, and a table a stream.
  'streams/dsl/(kstream|ktable|kgrouped-(stream|table)|(session|sliding|time)-windowed-kstream|windowed-tables)',
  // A node is described with what runs in it, which sees the node's description.
  'streams/topology/(topology|processor|combiner)',
  // A task makes its graph and environment; what is in them belongs to the task.
  'streams/runtime/(task/(sink|task-graph|record-copies|record-errors|task|task-environment)|repartition/repartition-sink)',
  // A store makes the views of itself.
  'streams/state/windows/(window-store|window-store-view)',
  // A log makes its consumers and its server, which read it.
  'streams/log/embedded/(embedded-log|embedded-consumer|log-server|remote-log|remote-consumer)',
  // The entries of a log's LevelDB: each kind is told by its key, and a batch knows the topic that it is of.
  'streams/log/embedded/(level|log-entries|small-entries|stored-batch|topics)',
  // Settings are what each of the clients is made with.
  'streams/log/kafka/(client-settings|broker-connections|fetcher|refusals)',
  // The server mounts its routes, which are told of the server.
  'api/(server|routes/root)',
];

const PACKAGE = '^streams/(index|embedded|kafka|avro|testing)[.]ts$';

/** The root of all errors, which every folder of the engine extends. */
const ERRORS = '^streams/errors[.]ts$';
/** What stands alone has the package's root of errors. */
const ERRORS_OF_PACKAGE = '^streams/index[.]ts$';

const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { pathNot: ['node_modules', from, ...allowed], dependencyTypesNot: ['core', 'npm', 'npm-dev', 'npm-optional'] },
});

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: { pathNot: `^${INTENDED_CIRCLES[0]}[.]ts$` },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-circular-types',
      comment: 'Circles that types close are told as well, but for those that are intended.',
      severity: 'error',
      from: { pathNot: `^(${INTENDED_CIRCLES.join('|')})[.]ts$` },
      to: { circular: true },
    },
    only('engine-stands-alone', '^streams/', ['^streams/']),
    only('serde-is-lowest', '^streams/serde/', [ERRORS]),
    only('leveldb-is-lowest', '^streams/leveldb/', []),
    only('log-uses-leveldb-and-serde', '^streams/log/', [ERRORS, '^streams/(leveldb|serde)/']),
    only('state-uses-log-leveldb-and-serde', '^streams/state/', [ERRORS, '^streams/(log|leveldb|serde)/']),
    only('topology-uses-what-is-below', '^streams/topology/', [ERRORS, '^streams/(state|log|leveldb|serde)/']),
    only('operators-use-what-is-below', '^streams/operators/', [
      ERRORS,
      '^streams/(topology|state|log|leveldb|serde)/',
    ]),
    only('runtime-uses-what-is-below', '^streams/runtime/', [ERRORS, '^streams/(topology|state|log|leveldb|serde)/']),
    only('queries-read-tasks-and-their-state', '^streams/queries/', [
      ERRORS,
      '^streams/(runtime|topology|state|log|serde)/',
      '^streams/dsl/duration[.]ts$',
    ]),
    only('dsl-uses-what-is-below', '^streams/dsl/', [ERRORS, '^streams/(operators|topology|state|log|leveldb|serde)/']),
    {
      name: 'the-package-by-its-name',
      comment: 'What is not exported by @millrace/streams is not there for others.',
      severity: 'error',
      from: { pathNot: '^(streams|test)/' },
      to: { path: '^streams/', dependencyTypesNot: ['aliased-tsconfig-paths'] },
    },
    only('schemas-know-the-engine-only', '^schemas/', [PACKAGE]),
    only('topologies-know-the-entry-point-schemas-and-detectors', '^topology/', [PACKAGE, '^schemas/', '^detection/']),
    only('producers-know-the-log-and-schemas', '^producer/', [PACKAGE, '^schemas/']),
    only('detection-stands-alone', '^detection/', [ERRORS_OF_PACKAGE]),
    only('connectors-know-schemas', '^connectors/', [PACKAGE, '^schemas/']),
    only('stack-stands-alone', '^stack/', [ERRORS_OF_PACKAGE]),
    only('lake-knows-the-log-and-schemas', '^lake/', [PACKAGE, '^schemas/']),
    only('notify-knows-incidents-and-what-runs', '^notify/', [PACKAGE, '^(app|schemas)/']),
    only('api-knows-what-runs-and-what-is-found', '^api/', [
      PACKAGE,
      '^(app|notify|lake|schemas|topology|detection)/',
      '^connectors/(http-service|connector-error)[.]ts$',
    ]),
    {
      name: 'nothing-below-knows-the-api',
      severity: 'error',
      from: { path: '^(streams|detection|topology|producer|schemas|connectors|stack|lake|app)/' },
      to: { path: '^(api|notify)/' },
    },
    only('dashboard-stands-alone', '^web/', []),
    only('deploy-stands-alone', '^deploy/', []),
    only('examples-know-the-package-only', '^examples/', [PACKAGE]),
    only('app-runs-what-is-below', '^app/', [PACKAGE, '^(producer|topology|lake|connectors|schemas|detection)/']),
    {
      name: 'app-knows-no-terminal-and-no-http',
      severity: 'error',
      from: { path: '^app/' },
      to: { path: '(^|/)(https?|http2|readline|tty|express|commander|picocolors|log-update|cli-table3)(/|$)' },
    },
    only(
      'product-knows-no-tests',
      '^(streams|detection|topology|producer|schemas|connectors|stack|lake|app|api|notify|cli)/',
      ['^(streams|detection|topology|producer|schemas|connectors|stack|lake|app|api|notify|cli)/'],
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^((streams|web)/)?dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
