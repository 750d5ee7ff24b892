import { ZONE_TEXT } from '../time-zone.js';
import { levelOf } from './levels.js';
import { ServiceFields } from './line-format.js';
import { CLOCK, MONTH } from './time-patterns.js';

/** How the lines of a program begin that put what all have in an order or in letters of their own. */
interface TextDialect {
  /** With groups of the names `time`, or `day` and `clock`, `level`, `logger`, `service`, `source`, `request` and `message`. */
  readonly pattern: RegExp;
  /** What its lines have in them: looked for first, for most lines are of other programs. */
  readonly sign?: string;
  /** What its letters mean; for those that are not here, the letter itself. */
  readonly levels?: Readonly<Record<string, string>>;
}

const ISO = `\\d{4}-\\d{2}-\\d{2}[T ]${CLOCK}`;
const MESSAGE = '(?<message>.*)$';
const ANDROID = { V: 'debug', D: 'debug', I: 'info', W: 'warning', E: 'error', F: 'fatal', A: 'fatal' };
const ANDROID_TIME = `(?<time>(?:\\d{4}-)?\\d{2}-\\d{2} ${CLOCK}(?: ?[+-]\\d{4})?)`;

const DIALECTS: readonly TextDialect[] = [
  // Ruby's Logger: `E, [2024-03-07T11:05:01.123456 #4242] ERROR -- cart: boom`, and Rails' tags behind it.
  {
    pattern:
      /^[DIWEFAU], \[(?<time>[\dT:. -]{19,32}?) ?#\d+\] +(?<level>[A-Z]+) -- (?<logger>[^:]{0,128}): (?:\[(?<request>[\da-f-]{16,64})\] )?(?<message>.*)$/s,
  },
  // Redis: `4242:M 07 Mar 2024 11:05:01.123 * Ready`.
  {
    pattern: new RegExp(`^\\d+:[XCSM] (?<time>\\d{2} ${MONTH} \\d{4} ${CLOCK}) (?<level>[.*#-]) ${MESSAGE}`, 's'),
    levels: { '.': 'debug', '-': 'info', '*': 'notice', '#': 'warning' },
  },
  { pattern: /^\d+:signal-handler \((?<time>\d{10})\) (?<message>.*)$/s },
  // Kubernetes' components and glog: `E0307 11:05:01.123456       1 file.go:12] boom`, with a year where that is wished for.
  {
    pattern:
      /^(?<level>[IWEF])(?<time>(?:\d{4})?\d{4} \d{2}:\d{2}:\d{2}\.\d{1,6}) +\d+ (?<logger>[\w.-]+:\d+)\] (?<message>.*)$/s,
  },
  // Tornado: `[W 240307 11:05:01 web:2239] 404 GET /missing (203.0.113.5) 0.44ms`.
  { pattern: /^\[(?<level>[DIWEC]) (?<time>\d{6} \d{2}:\d{2}:\d{2}) (?<logger>[\w.-]{1,128}:\d+)\] (?<message>.*)$/s },
  // Gin: `[GIN] 2024/03/07 - 11:05:01 | 200 |    1.36854ms |     203.0.113.5 | GET      "/cart"`.
  { pattern: /^\[GIN\] (?<day>\d{4}\/\d{2}\/\d{2}) - (?<clock>\d{2}:\d{2}:\d{2}) (?<message>\|.*)$/s },
  // Android's logcat, `threadtime`: `03-07 11:05:01.123  3878  4771 I ActivityManager: boom`.
  {
    pattern: new RegExp(`^${ANDROID_TIME} +\\d+ +\\d+ (?<level>[VDIWEFA]) (?<logger>[^:]{0,128}?) *: ${MESSAGE}`, 's'),
    levels: ANDROID,
  },
  // `time`: `03-07 11:05:01.123 I/ActivityManager( 3878): boom`.
  {
    pattern: new RegExp(`^${ANDROID_TIME} (?<level>[VDIWEFA])/(?<logger>[^(]{0,128}?) *\\( *\\d+\\): ${MESSAGE}`, 's'),
    levels: ANDROID,
  },
  // Android Studio: `2024-03-07 11:05:01.123  3878-4771  ActivityManager  com.shop  I  boom`.
  {
    pattern: new RegExp(
      `^${ANDROID_TIME} +\\d+-\\d+ +(?<logger>\\S{1,128}) +(?<service>\\S{1,255}) +(?<level>[VDIWEFA]) {2}${MESSAGE}`,
      's',
    ),
    levels: ANDROID,
  },
  // MongoDB before 4.4: `2019-03-07T11:05:01.123+0000 I NETWORK  [listener] connection accepted …`.
  {
    pattern: new RegExp(
      `^(?<time>${ISO}(?:Z|[+-]\\d{4})) (?<level>[FEWID])\\d? (?<logger>[A-Z_-]{1,16}) +\\[[^\\]]{0,128}\\] ${MESSAGE}`,
      's',
    ),
    levels: { D: 'debug', F: 'fatal' },
  },
  // Sidekiq: `2024-03-07T11:05:01.123Z 42 TID-oxabc PayJob JID-d1e2f3 WARN: boom`.
  {
    sign: ' TID-',
    pattern: new RegExp(
      `^(?<time>${ISO}Z?) \\d+ TID-\\w{1,32}(?: (?<logger>[\\w:]{1,128}) JID-(?<request>\\w{1,64}))?(?: BID-\\S{1,64})? (?<level>[A-Z]{4,5}): ${MESSAGE}`,
      's',
    ),
  },
  // ClickHouse: `2024.03.07 11:05:02.123456 [ 42 ] {id} <Error> executeQuery: boom`.
  {
    pattern: new RegExp(
      `^(?<time>\\d{4}\\.\\d{2}\\.\\d{2} ${CLOCK}) \\[ \\d+ \\] \\{(?<request>[^}]{0,128})\\} <(?<level>\\w{4,12})> (?:(?<logger>[^\\s:]{1,128}): )?${MESSAGE}`,
      's',
    ),
  },
  // Nest: `[Nest] 42  - 03/07/2024, 11:05:02 AM   ERROR [ExceptionsHandler] boom`.
  {
    pattern:
      /^\[(?<service>Nest|\w{1,64})\] \d+ +- (?<time>\d{2}\/\d{2}\/\d{4}, \d{1,2}:\d{2}:\d{2} [AP]M) +(?<level>[A-Z]{3,7}) (?:\[(?<logger>[^\]]{0,128})\] )?(?<message>.*)$/s,
  },
  // Celery: `[2024-03-07 11:05:01,123: ERROR/MainProcess] boom`.
  {
    pattern: new RegExp(`^\\[(?<time>${ISO}): (?<level>[A-Z]{4,8})/(?<logger>[\\w-]{1,128})\\] ${MESSAGE}`, 's'),
  },
  // Airflow: `[2024-03-07 11:05:01,123] {cart.py:5} ERROR - boom`.
  {
    pattern: new RegExp(
      `^\\[(?<time>${ISO}(?:[+-]\\d{4})?)\\] \\{(?<logger>[^}]{1,128})\\} (?<level>[A-Z]{4,8}) - ${MESSAGE}`,
      's',
    ),
  },
  // Cassandra, and other patterns that begin with the level and the thread: `ERROR [main] 2024-03-07 11:05:02,123 Cart.java:7 - boom`.
  {
    pattern: new RegExp(
      `^(?<level>[A-Z]{4,8}) +\\[[^\\]]{1,256}\\] (?<time>${ISO}(?: ?${ZONE_TEXT})?) (?:(?<logger>\\S{1,256}) - )?${MESSAGE}`,
      's',
    ),
  },
  // Java's unified logging: `[2024-03-07T11:05:01.888+0000][0.005s][info][gc,init] CPUs: 2 total`.
  {
    pattern: new RegExp(
      `^\\[(?<time>${ISO}[+-]\\d{4})\\](?:\\[[\\d.,]+m?s\\])?(?:\\[\\d+\\])*\\[(?<level>trace|debug|info|warning|error) *\\](?:\\[(?<logger>[\\w,]{1,128}) *\\])? ${MESSAGE}`,
      's',
    ),
  },
  // Loguru: `2024-03-07 11:05:01.123 | SUCCESS  | cart:add:14 - boom`.
  {
    pattern: new RegExp(
      `^(?<time>${ISO}) \\| (?<level>[A-Z]{4,8}) *\\| (?<logger>[\\w.<>]{1,128}:[\\w.<>]{1,128}:\\d+) - ${MESSAGE}`,
      's',
    ),
  },
  // structlog's console: `2024-03-07 11:05:01 [warning  ] slow    order=7`.
  {
    pattern: new RegExp(`^(?<time>${ISO}Z?) \\[(?<level>[a-z]{4,9}) *\\] (?<message>.*?) *$`, 's'),
  },
  // Elasticsearch: `[2024-03-07T11:05:02,123][ERROR][o.e.b.Bootstrap          ] [node-1] boom`.
  {
    pattern: new RegExp(
      `^\\[(?<time>${ISO})\\]\\[(?<level>[A-Z]{4,8}) *\\]\\[(?<logger>[\\w.$-]{1,128}) *\\] ${MESSAGE}`,
      's',
    ),
  },
  // NLog: `2024-03-07 11:05:01.1234|ERROR|Shop.Cart|boom`.
  {
    pattern: new RegExp(`^(?<time>${ISO})\\|(?<level>[A-Za-z]{4,8})\\|(?<logger>[^|\\s]{1,256})\\|${MESSAGE}`, 's'),
  },
  // .NET's console on one line, or with a time before it: `2024-03-07 11:05:02 fail: Shop.Cart[7] boom`.
  {
    pattern: new RegExp(
      `^(?<time>${ISO}(?: ?${ZONE_TEXT})?) (?<level>trce|dbug|info|warn|fail|crit): (?<logger>[^\\s[]{1,256})\\[-?\\d+\\](?: (?<message>.*))?$`,
      's',
    ),
  },
  // Kafka and ZooKeeper, with the class behind the message: `[2024-03-07 11:05:01,123] INFO started (kafka.server.KafkaServer)`.
  {
    sign: ')',
    pattern: new RegExp(
      `^\\[(?<time>${ISO})\\] (?<level>[A-Z]{4,5}) (?<message>.*) \\((?<logger>[a-z]\\w{0,64}(?:\\.[\\w$]{1,128}){1,16})\\)$`,
      's',
    ),
  },
  // ZooKeeper: `2024-03-07 11:05:01,123 [myid:1] - WARN  [main:QuorumPeer@774] - boom`.
  {
    sign: '] - ',
    pattern: new RegExp(
      `^(?<time>${ISO}) (?:\\[myid:\\w*\\] )?- (?<level>[A-Z]{4,5}) +\\[(?<logger>\\S{0,256}@\\d+)\\] - ${MESSAGE}`,
      's',
    ),
  },
  // Home Assistant: `2024-03-07 11:05:01.123 ERROR (MainThread) [homeassistant.core] boom`.
  {
    sign: ') [',
    pattern: new RegExp(
      `^(?<time>${ISO}) (?<level>[A-Z]{4,8}) \\([^()]{1,128}\\) \\[(?<logger>[\\w.-]{1,256})\\] ${MESSAGE}`,
      's',
    ),
  },
  // ESPHome: `[11:05:01][E][i2c:099]: boom`.
  {
    pattern: new RegExp(
      `^\\[(?<time>${CLOCK})\\]\\[(?<level>[CDEIVW]{1,2})\\]\\[(?<logger>[\\w.:-]{1,128})\\]: ${MESSAGE}`,
      's',
    ),
    levels: { C: 'config', VV: 'verbose', V: 'verbose' },
  },
  // BIND: `07-Mar-2024 11:05:01.123 general: error: boom`.
  {
    pattern: new RegExp(
      `^(?<time>\\d{2}-${MONTH}-\\d{4} ${CLOCK}) (?:(?<logger>[\\w-]{1,32}): )?(?<level>critical|error|warning|notice|info|debug)(?: \\d+)?: ${MESSAGE}`,
      's',
    ),
  },
  // zerolog's console: `11:05AM ERR boom error="no stock"`.
  { pattern: /^(?<time>\d{1,2}:\d{2}[AP]M) (?<level>TRC|DBG|INF|WRN|ERR|FTL|PNC) (?<message>.*)$/s },
  // Linux's audit: `type=USER_LOGIN msg=audit(1709809502.321:24288): pid=3280 … res=failed'`.
  {
    pattern:
      /^(?:node=\S{1,255} )?type=(?<logger>\w{1,64}) msg=audit\((?<time>\d{10}(?:\.\d{1,9})?):\d{1,20}\): ?(?<message>.*)$/s,
  },
  // Erlang and older RabbitMQ, whose messages are in the lines behind: `=ERROR REPORT==== 7-Mar-2024::11:05:02 ===`.
  {
    pattern: new RegExp(
      `^=(?<level>INFO|WARNING|ERROR|CRASH|SUPERVISOR|PROGRESS) REPORT==== (?<day>\\d{1,2}-${MONTH}-\\d{4})::(?<clock>${CLOCK})(?: UTC)? ===(?<message>)$`,
    ),
    levels: { CRASH: 'error', SUPERVISOR: 'error', PROGRESS: 'info' },
  },
  // Hadoop's file system: `081109 203518 143 INFO dfs.DataNode: boom`.
  {
    pattern: /^(?<time>\d{6} \d{6}) \d{1,10} (?<level>[A-Z]{4,5}) (?<logger>[\w.$]{1,256}): (?<message>.*)$/s,
  },
  // Blue Gene and other clusters, the time also in words and behind an alert's name or `-`.
  {
    pattern:
      /^(?:-|[A-Z][A-Z_0-9]{1,32}) (?<time>1\d{9}) \d{4}\.\d{2}\.\d{2} (?<source>\S{1,64}) \d{4}-\d{2}-\d{2}-\d{2}\.\d{2}\.\d{2}\.\d{1,9} \S{1,64} \S{1,32} (?<logger>\S{1,32}) (?<level>[A-Z]{4,8}) (?<message>.*)$/s,
    levels: { FAILURE: 'error' },
  },
  {
    pattern: new RegExp(
      `^(?:-|[A-Z][A-Z_0-9]{1,32}) (?<time>1\\d{9}) \\d{4}\\.\\d{2}\\.\\d{2} (?<source>\\S{1,64}) ${MONTH} {1,2}\\d{1,2} ${CLOCK} \\S{1,128} (?:(?<service>[^\\s:[]{1,64})(?:\\[\\d{1,10}\\])?: )?${MESSAGE}`,
      's',
    ),
  },
  {
    pattern:
      /^\d{1,12} (?<source>[a-z][\w-]{1,64}) (?<service>[a-z][\w.]{1,64}) (?<logger>[a-z][\w.]{1,128}) (?<time>1\d{9}|9\d{8}) \d{1,4} (?<message>.*)$/s,
  },
  // Android's apps: `20171223-22:15:29:606|Step_LSC|30002312|boom`.
  {
    pattern: /^(?<time>\d{8}-\d{1,2}:\d{1,2}:\d{1,2}:\d{1,3})\|(?<logger>[^|]{1,128})\|\d{1,20}\|(?<message>.*)$/s,
  },
  // Windows' servicing: `2016-09-28 04:30:32, Error                 CBS    boom`.
  {
    sign: ', ',
    pattern: new RegExp(
      `^(?<time>${ISO}), (?<level>Info|Warning|Error|Fatal|Perf) {2,}(?<logger>[A-Z]{2,16}) {2,}${MESSAGE}`,
      's',
    ),
    levels: { Perf: 'info' },
  },
  // Proxifier: `[10.30 16:49:08] chrome.exe - www.example:443 error : boom`.
  {
    pattern: /^\[(?<time>\d{2}\.\d{2} \d{2}:\d{2}:\d{2})\] (?<logger>[^-]{1,128}?(?: \*64)?) - (?<message>.*)$/s,
  },
];

/** Of lines that say no time, which the program or machine that took them down may say around them. */
const WITHOUT_TIME: readonly TextDialect[] = [
  // Python's logging without any settings: `ERROR:shop.cart:boom`.
  { pattern: /^(?<level>DEBUG|INFO|WARNING|ERROR|CRITICAL):(?<logger>[\w.-]{1,256}):(?<message>.*)$/s },
  // uvicorn: `INFO:     Application startup complete.`
  { pattern: /^(?<level>TRACE|DEBUG|INFO|WARNING|ERROR|CRITICAL): {2,8}(?<message>\S.*)$/s },
  // .NET's console: `fail: Shop.Cart[7]`, and the message in the lines behind it.
  {
    pattern: /^(?<level>trce|dbug|info|warn|fail|crit): (?<logger>[^\s[]{1,256})\[-?\d+\](?: (?<message>.*))?$/s,
  },
  // Android's logcat, `brief`: `E/AndroidRuntime( 4771): boom`.
  {
    pattern: /^(?<level>[VDIWEFA])\/(?<logger>[^(]{0,128}?) *\( *\d+\): (?<message>.*)$/s,
    levels: ANDROID,
  },
  // Java's unified logging: `[0.005s][info][gc] Using G1`.
  {
    pattern:
      /^\[[\d.,]+m?s\](?:\[\d+\])*\[(?<level>trace|debug|info|warning|error) *\](?:\[(?<logger>[\w,]{1,128}) *\])? (?<message>.*)$/s,
  },
  // HAProxy's process: `[WARNING]  (4711) : boom`.
  { pattern: /^\[(?<level>NOTICE|WARNING|ALERT)\] +\(\d+\) : (?<message>.*)$/s },
];

const DIGIT = /^\d/;
/** Most lines begin with a digit, and others with no time: neither is held against patterns that cannot fit. */
const BY_DIGIT = DIALECTS.filter(({ pattern }) => /^\^(?:\(\?<\w+>|\(\?:)*\\d/.test(pattern.source));
const OTHERS = DIALECTS.filter((dialect) => !BY_DIGIT.includes(dialect));
/** How any of the others begins: a bracket, a capital letter, or a sign. */
const OTHER = /^(?:[[A-Z=-]|type=|node=)/;

/** What a line says that is of a program's own way to write; undefined for others. */
export function dialectFields(line: string): ServiceFields | undefined {
  if (DIGIT.test(line)) return fieldsIn(line, BY_DIGIT);
  return OTHER.test(line) ? fieldsIn(line, OTHERS) : undefined;
}

/** The same of lines that say no time. */
export function timelessFields(line: string): ServiceFields | undefined {
  return fieldsIn(line, WITHOUT_TIME);
}

function fieldsIn(line: string, dialects: readonly TextDialect[]): ServiceFields | undefined {
  for (const { levels, pattern, sign } of dialects) {
    if (sign !== undefined && !line.includes(sign)) continue;
    const groups = pattern.exec(line)?.groups;
    if (groups === undefined) continue;
    const { clock, day, level = '', logger = '', message, request, service, source, time } = groups;
    const word = levels?.[level] ?? LETTERS[level] ?? level;
    // Where that is none, the line is of another program.
    if (level !== '' && levelOf(word) === undefined) continue;
    const fields = new ServiceFields();
    fields.time = day === undefined ? time : `${day} ${clock}`;
    if (level !== '') fields.level = word;
    fields.service = service;
    fields.source = source;
    // Where nothing is said, it may be in the lines behind.
    fields.message = message !== '' ? message : level === '' ? line : undefined;
    if (request !== '') fields.requestId = request;
    if (logger.trim() !== '' && logger !== '-') fields.attributes = { logger: logger.trim() };
    return fields;
  }
  return undefined;
}

const LETTERS: Readonly<Record<string, string>> = {
  ...{ D: 'debug', I: 'info', W: 'warning', E: 'error', C: 'critical', F: 'fatal' },
};
