import { levelOf, syslogLevel } from './levels.js';
import { ServiceFields, says } from './line-format.js';
import { FieldNames } from './names.js';
import { queryMs } from './query-duration.js';

type Field = Exclude<keyof ServiceFields, 'attributes'> | 'stack' | 'logger';

/**
 * The names under which service logs in JSON and logfmt have what an event is made of, the better ones first: those of the
 * Elastic Common Schema, OpenTelemetry, pino, bunyan, winston, zap, Logstash, GELF, journald, Kubernetes, Datadog. A dot
 * leads into an object.
 */
const NAMES: Readonly<Record<Field, string>> = {
  time:
    '@timestamp timestamp time ts t datetime asctime eventtime event_time date syslog_timestamp ' +
    '_source_realtime_timestamp __realtime_timestamp timeunixnano written_at timestamp_ms timestamp_us timestamp_ns ' +
    'timestamp_millis ts_ms ts_us ts_ns time_ms time_us time_ns epoch epoch_ms epoch_millis unix_time',
  service:
    'service service.name service_name servicename app app.name application app_name appname application_name ' +
    'resource.service.name dd.service kubernetes.labels.app kubernetes.labels.app_kubernetes_io/name ' +
    'kubernetes.container.name kubernetes.container_name container.name container_name resource.labels.container_name ' +
    'resource.labels.service_name resource.labels.function_name _service _app _application ' +
    '_application_name syslog_identifier component program systemd.unit _systemd_unit sourcename providername winlog.provider_name',
  level:
    'level severity log.level lvl levelname log_level loglevel severity_text severitytext level_name levelstr ' +
    'syslog_severity log_severity error_severity leveldisplayname',
  message:
    'message msg short_message @message textpayload jsonpayload.message body log event text line messageobject ' +
    'fields.message',
  responseTime:
    'response_time responsetime response_time_ms responsetimems duration_ms durationms elapsed_ms latency_ms took_ms ' +
    'request_time_ms elapsedms latencyms',
  endpoint:
    'endpoint url.path path req.url request.path request.url http.target http.route url.original http_path uri route ' +
    'req.path request_path request_uri url _path',
  method: 'method http.method http.request.method req.method request.method http_method verb request_method',
  status:
    'status status_code statuscode http.status_code http.response.status_code res.statuscode response.status ' +
    'http_status response_status httpstatus',
  user: 'user_id userid user.id user.name username user uid usr.id',
  session: 'session_id sessionid session.id session sid',
  requestId:
    'request_id requestid req_id reqid req.id x_request_id correlation_id correlationid http.request.id ' +
    'context.request_id',
  ip:
    'client_ip clientip client.ip ip remote_ip remote_addr req.remoteaddress source.ip req.ip client_addr remoteaddr ' +
    'ip_address client_ip_address user_ip peer_ip remote_host',
  bytes: 'bytes response_size content_length res.contentlength http.response.body.bytes http.response.bytes bytes_sent',
  source:
    'instance service.instance.id service.node.name kubernetes.pod.name kubernetes.pod_name resource.labels.pod_name pod_name pod host.name ' +
    'hostname host.hostname host source machine node _hostname container_id agent.hostname machinename',
  traceId: 'trace_id traceid trace.id dd.trace_id otel.trace_id trace contexttraceid x_b3_traceid',
  spanId: 'span_id spanid span.id dd.span_id x_b3_spanid',
  stack:
    'stack stack_trace stacktrace error.stack_trace error.stack err.stack exception.stacktrace exc_info exception ' +
    'error.stacktrace errorverbose',
  logger: 'logger log.logger logger_name loggername sourcecontext target',
};
const PLACES = new FieldNames<Field>(NAMES);
const LEVEL_NAMES = ['level_name', 'levelname', 'severity_text', 'severityText', 'level_text', 'severity'];
const DEEPEST = 4;
const MAX_ATTRIBUTES = 64;
const LONGEST_ATTRIBUTE = 1024;
/** In nanoseconds, in the Elastic Common Schema. */
const ECS_DURATION = 'event.duration';

/** Members of no use beside the fields that they say. */
const UNTOLD = new Set(['v', '@version', 'level_value', 'ecs.version', 'full_message', 'event.dataset', 'version']);

/** What an object says of something that a service did. What has no field of its own is kept as attributes. */
export function serviceFieldsOf(object: object): ServiceFields {
  const found = new Found();
  walk(object, '', DEEPEST, found);
  return found.fields(object as Record<string, unknown>);
}

function walk(object: object, path: string, depth: number, found: Found): void {
  for (const name in object) {
    const value = (object as Record<string, unknown>)[name];
    if (value === null || value === undefined || value === '') continue;
    const full = path === '' ? name : `${path}${name}`;
    if (typeof value === 'object' && !Array.isArray(value) && depth > 1) walk(value, `${full}.`, depth - 1, found);
    else found.add(full, value);
  }
}

class Found {
  readonly #fields = new ServiceFields();
  readonly #ranks: Partial<Record<Field, number>> = {};
  readonly #names: Partial<Record<Field, string>> = {};
  #stack: unknown;
  #logger: unknown;
  #attributes = 0;

  add(name: string, value: unknown): void {
    const place = PLACES.place(name);
    if (place === null || typeof value === 'object') {
      if (name === ECS_DURATION && typeof value === 'number') this.#fields.responseTime ??= value / 1e6;
      else if (!UNTOLD.has(name)) this.#attribute(name, value);
      return;
    }
    const { field, rank } = place;
    const before = this.#ranks[field];
    if (before !== undefined && before <= rank) {
      this.#attribute(name, value);
      return;
    }
    const ousted = this.#names[field];
    if (ousted !== undefined) this.#attribute(ousted, this.#value(field));
    this.#ranks[field] = rank;
    this.#names[field] = name;
    if (field === 'stack') this.#stack = value;
    else if (field === 'logger') this.#logger = value;
    else this.#fields[field] = value;
  }

  fields(object: Record<string, unknown>): ServiceFields {
    const fields = this.#fields;
    if (this.#logger !== undefined) this.#attribute('logger', this.#logger);
    dialect(fields, object);
    if (fields.level !== undefined && levelOf(fields.level) === undefined) {
      this.#attribute('level', fields.level);
      // Monolog's numbers are nobody else's, and it writes the word beside them.
      fields.level =
        LEVEL_NAMES.map((name) => object[name]).find((word) => levelOf(word) !== undefined) ?? fields.level;
    }
    const { status } = fields;
    // `"status": "ok"` is no status of HTTP.
    if (status !== undefined && !/^[1-5]\d\d$/.test(String(status))) {
      this.#attribute(this.#names.status ?? 'status', status);
      fields.status = undefined;
    }
    const stack = this.#stack;
    if (typeof stack === 'string' && says(stack)) {
      const message = typeof fields.message === 'string' ? fields.message : '';
      fields.message = message === '' || stack.startsWith(message) ? stack : `${message}\n${stack}`;
    }
    return fields;
  }

  #value(field: Field): unknown {
    if (field === 'stack') return this.#stack;
    return field === 'logger' ? this.#logger : this.#fields[field];
  }

  #attribute(name: string, value: unknown): void {
    if (this.#attributes >= MAX_ATTRIBUTES) return;
    this.#attributes++;
    const text = typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value);
    this.#fields.attributes ??= {};
    this.#fields.attributes[name] = text.length > LONGEST_ATTRIBUTE ? text.slice(0, LONGEST_ATTRIBUTE) : text;
  }
}

/** What some mean in a way of their own. */
function dialect(fields: ServiceFields, object: Record<string, unknown>): void {
  const { attributes } = fields;
  // pino and bunyan have the program's name as `name`; elsewhere that is a logger's.
  if (typeof fields.level === 'number' && 'pid' in object && fields.service === undefined) {
    fields.service = object['name'];
    if (attributes !== undefined) delete attributes['name'];
  }
  // lograge has Rails' milliseconds.
  if ('controller' in object && 'action' in object) fields.responseTime ??= object['duration'];
  // PostgreSQL names the program that is connected to it.
  if ('error_severity' in object && 'backend_type' in object) {
    fields.service = undefined;
    fields.responseTime = queryMs(fields.message);
  }
  // Elasticsearch calls a logger a component.
  if ('node.name' in object && 'cluster.name' in object && fields.service === object['component']) {
    fields.service = 'elasticsearch';
    fields.attributes = { ...attributes, logger: object['component'] };
  }
  // GELF has syslog's levels, and the stack trace in a text of its own.
  if ('short_message' in object) {
    if (typeof fields.level === 'number') fields.level = syslogLevel(fields.level);
    const { full_message: full } = object;
    if (typeof full === 'string' && full.trim().length > String(fields.message).length) fields.message = full.trim();
  }
  // journald has them as PRIORITY, and microseconds since the epoch.
  if (fields.level === undefined && 'PRIORITY' in object) fields.level = syslogLevel(Number(object['PRIORITY']));
}
