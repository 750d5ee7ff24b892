/** Which way imports may point. In dsl/ streams and tables make each other, as their types say. */
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
      from: { pathNot: '^streams/dsl/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
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
    only('api-knows-what-runs-and-what-is-found', '^api/', [PACKAGE, '^(app|notify|lake|schemas|topology|detection)/']),
    {
      name: 'nothing-below-knows-the-api',
      severity: 'error',
      from: { path: '^(streams|detection|topology|producer|schemas|connectors|stack|lake|app)/' },
      to: { path: '^(api|notify)/' },
    },
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
      '^(streams|detection|topology|producer|schemas|connectors|stack|lake|app|api|cli)/',
      ['^(streams|detection|topology|producer|schemas|connectors|stack|lake|app|api|cli)/'],
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(streams/)?dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
