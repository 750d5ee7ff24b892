import { durationIn } from './durations.js';
import { type RequestField, RequestFields, says } from './line-format.js';
import { FieldNames } from './names.js';

/**
 * The names under which JSON logs have what a request is made of, the better ones first: those of the raw topic's JSON
 * form, NGINX's variables, and what people, Caddy, Traefik and the Elastic Common Schema call them. Letters count without
 * case, hyphens and underscores; a dot leads into an object.
 */
const NAMES: Readonly<Record<Exclude<RequestField, 'forwarded'>, string>> = {
  client:
    'client_ip remote_addr http_x_real_ip ip clientip remote_ip client_addr client_address remote_address remote_host ' +
    'clienthost request.client_ip request.remote_ip request.remote_addr source.ip source.address id.orig_h client.ip ' +
    'client.address ip_address client_ip_address remote_ip_address user_ip peer_ip source_ip src_ip src downstream_remote_address downstream_remote_address_without_port client',
  time:
    '@timestamp time_local time_iso8601 msec timestamp time startutc ts t datetime date start_time event_time ' +
    'timestamp_ms timestamp_us timestamp_ns timestamp_millis ts_ms ts_us ts_ns time_ms time_us time_ns epoch epoch_ms ' +
    'epoch_millis unix_time',
  request: 'request request_line req',
  method: 'method request_method http_method verb requestmethod request.method http.request.method',
  path:
    'request_uri uri path request.uri request.path requestpath url.path url.original http.request.path request_path ' +
    'uri_path url endpoint http_path route',
  status:
    'status status_code response_code response http_status downstreamstatus response_status code ' +
    'http.response.status_code response.status',
  requestTime: 'request_time req_time request_duration',
  host:
    'host http_host server_name vhost domain virtual_host site requesthost requestaddr request.host url.domain ' +
    'authority http.hostname request.headers.host',
  server: 'server hostname server_addr host.name host.hostname agent.hostname fastly_server server.hostname',
  country:
    'country geoip_country_code country_code geoip_country_code3 geoip2_data_country_code geoip_country_name ' +
    'geoip2_country_code country_name geoip.country_iso_code geoip.country_code2 source.geo.country_iso_code ' +
    'client.geo.country_iso_code geo_country_code geo_country',
  bytes:
    'body_bytes_sent bytes_sent bytes size downstreamcontentsize response_size content_length ' +
    'http.response.body.bytes http.response.bytes bytes_out response_bytes body_bytes response_length ' +
    'response_body_size response_body_len response_body_length resp_bytes resp_body_size body_size sent_bytes ' +
    'bytes_written http.length',
  query: 'query args query_string query_params url.query request_query',
  userAgent:
    'user_agent http_user_agent user_agent.original useragent agent request_user_agent request.headers.user_agent ' +
    'http.request.headers.user_agent request_user-agent http.useragent ua',
  referrer:
    'referrer referer http_referer http_referrer request_referer http.request.referrer request.headers.referer ' +
    'http.referer http.http_refer',
  user: 'remote_user user user_name user.name username clientusername auth_user user_id',
  upstreamTime: 'upstream_response_time upstream_time upstreamtime originduration upstream_service_time',
  protocol: 'protocol server_protocol request_protocol requestprotocol request.proto http_version http.version',
  tls: 'ssl_protocol tls_version tlsversion tls tls.version request.tls.version',
  requestId:
    'request_id requestid req_id x_request_id http_x_request_id correlation_id trace_id traceid http.request.id',
};

/** Objects that hold no more than the request: `{"nginx": {"remote_addr": …}}`. */
const WRAPPERS = new Set([
  'nginx',
  'access',
  'fields',
  'data',
  'log',
  'json',
  'message',
  'event',
  'http',
  'attributes',
]);
/** Caddy has headers as lists. */
const MAY_BE_LISTS = new Set<RequestField>(['forwarded', 'userAgent', 'referrer', 'requestId']);
const DEEPEST = 3;
const OF_UNIT = /_?(?:ms|us|ns|millis)$/i;
/** What is less is no time of these units since 1973. */
const EARLIEST = 1e11;

/** Finds what a request is made of in an object, whatever its members are called. */
export class JsonFields {
  readonly #names = new FieldNames<RequestField>({ ...NAMES, forwarded: '' });

  /** @param forwarded the variable or header that says for whom a proxy asks */
  constructor(forwarded: string) {
    const header = forwarded.replace(/^http_/, '');
    this.#names.add('forwarded', `${forwarded} ${header} request_${header} request.headers.${header}`, 0);
    if (header === 'x_forwarded_for') this.#names.add('forwarded', 'forwarded_for xff', 10);
  }

  read(object: object): RequestFields {
    const fields = new RequestFields();
    const ranks: Partial<Record<RequestField, number>> = {};
    this.#readInto(fields, ranks, object, '', DEEPEST, '');
    durations(fields, object as Record<string, unknown>);
    return fields;
  }

  #readInto(
    fields: RequestFields,
    ranks: Partial<Record<RequestField, number>>,
    object: object,
    path: string,
    depth: number,
    wrapper: string,
  ): void {
    for (const [name, value] of Object.entries(object)) {
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        if (depth > 1) {
          const isWrapper =
            path === '' && WRAPPERS.has(name) && Object.keys(value).some((inner) => this.#names.place(inner));
          const inner = isWrapper ? '' : `${path}${name}.`;
          this.#readInto(fields, ranks, value, inner, depth - 1, isWrapper ? `${name}.` : wrapper);
        }
        continue;
      }
      const within = path === '' ? name : `${path}${name}`;
      // The hostname of `http` is the one that was asked, and no machine's.
      const whole = wrapper === '' ? null : this.#names.place(`${wrapper}${within}`);
      const place = whole ?? this.#names.place(within);
      if (place === null || !says(value) || (Array.isArray(value) && !MAY_BE_LISTS.has(place.field))) continue;
      // `time_ms=12` is how long it took.
      if (place.field === 'time' && OF_UNIT.test(name) && Number(value) < EARLIEST) continue;
      const rank = ranks[place.field];
      if (rank !== undefined && rank <= place.rank) continue;
      ranks[place.field] = place.rank;
      if (place.field === 'host') fields.isHostHeader = name === 'http_host';
      fields[place.field] = Array.isArray(value) && place.field !== 'forwarded' ? value[0] : value;
    }
  }
}

/** Some write durations in a unit of their own. */
function durations(fields: RequestFields, object: Record<string, unknown>): void {
  const { Duration: traefik, OriginDuration: origin, duration, event } = object;
  // Traefik and the Elastic Common Schema have nanoseconds, Caddy has seconds, Envoy milliseconds.
  if ('DownstreamStatus' in object) {
    if (typeof traefik === 'number') fields.requestTime ??= traefik / 1e9;
    fields.upstreamTime = typeof origin === 'number' ? origin / 1e9 : undefined;
  } else if ('response_code' in object && ('upstream_service_time' in object || 'response_flags' in object)) {
    if (Number.isFinite(Number(duration))) fields.requestTime ??= Number(duration) / 1000;
    const upstream = Number(object['upstream_service_time'] ?? Number.NaN);
    fields.upstreamTime = Number.isFinite(upstream) ? upstream / 1000 : undefined;
  } else if (typeof duration === 'number' && typeof object['request'] === 'object') fields.requestTime ??= duration;
  else if (typeof event === 'object' && event !== null && 'duration' in event && typeof event.duration === 'number') {
    fields.requestTime ??= event.duration / 1e9;
  }
  if (fields.requestTime === undefined) fields.requestTime = durationIn(object);
  // Where only the time of the backend is logged, it is the request's.
  fields.requestTime ??= fields.upstreamTime;
}
