import { isObject, type Members } from './members.js';
/**
 * A request in the words of most others, where those that a cloud has are nobody else's: Cloudflare's Logpush, Google's
 * load balancers, Heroku's router, Azure's gateways and front doors, Vercel, Kong, HAProxy with its own names, and the
 * access logs of AWS's API gateways. Undefined for any other.
 */
export function cloudRequest(object: Members): Members | undefined {
  const { httpRequest, latencies, properties, proxy } = object;
  if ('EdgeResponseStatus' in object) return cloudflare(object);
  if ('dyno' in object && 'fwd' in object && 'connect' in object) return heroku(object);
  if (isObject(httpRequest) && 'requestUrl' in httpRequest) return google(object, httpRequest);
  if (isObject(properties) && ('httpStatus' in properties || 'httpStatusCode' in properties)) {
    return azure(object, properties);
  }
  if (isObject(proxy) && 'statusCode' in proxy && !('message' in object)) return vercel(object, proxy);
  if (isObject(latencies) && 'request' in latencies && 'started_at' in object)
    return kong(object, latencies['request']);
  if ('frontend_name' in object && 'backend_name' in object && 'status_code' in object) return haproxy(object);
  if ('requestTime' in object && 'httpMethod' in object) return apiGateway(object);
  return undefined;
}

function cloudflare(object: Members): Members {
  return {
    timestamp: object['EdgeStartTimestamp'] ?? object['EdgeEndTimestamp'],
    client_ip: object['ClientIP'],
    ...{ host: object['ClientRequestHost'], request_method: object['ClientRequestMethod'] },
    ...{ path: object['ClientRequestURI'] ?? object['ClientRequestPath'], protocol: object['ClientRequestProtocol'] },
    ...{ status: object['EdgeResponseStatus'], bytes: object['EdgeResponseBytes'] },
    ...{ user_agent: object['ClientRequestUserAgent'], referrer: object['ClientRequestReferer'] },
    ...{ tls: object['ClientSSLProtocol'], request_id: object['RayID'] },
  };
}

/** Of Heroku's router; who asked is the last of `fwd`, for the others are the client's word. */
function heroku({ connect, dyno, fwd, service, ...rest }: Members): Members {
  const took = Number.parseFloat(String(connect)) + Number.parseFloat(String(service));
  return {
    ...rest,
    client_ip: String(fwd).split(',').at(-1)?.trim(),
    ...(typeof dyno === 'string' && dyno !== '' ? { server: dyno } : {}),
    ...(Number.isFinite(took) ? { request_time: took / 1000 } : {}),
  };
}

function google({ resource, timestamp }: Members, request: Members): Members {
  const latency = Number.parseFloat(String(request['latency']));
  return {
    timestamp,
    client_ip: request['remoteIp'],
    ...{ path: request['requestUrl'], request_method: request['requestMethod'] },
    ...{ status: request['status'], bytes: request['responseSize'], protocol: request['protocol'] },
    ...{ user_agent: request['userAgent'], referrer: request['referer'] },
    ...(Number.isFinite(latency) ? { request_time: latency } : {}),
    ...(isObject(resource) ? { server: resource['type'] } : {}),
  };
}

function azure(object: Members, request: Members): Members {
  return {
    timestamp: object['time'] ?? object['timeStamp'],
    client_ip: request['clientIP'] ?? request['clientIp'],
    ...{ host: request['originalHost'] ?? request['host'] ?? request['hostName'], server: request['instanceId'] },
    ...{ request_method: request['httpMethod'], path: request['requestUri'], query: request['requestQuery'] },
    ...{ status: request['httpStatus'] ?? request['httpStatusCode'], protocol: request['httpVersion'] },
    bytes: request['sentBytes'] ?? request['responseBytes'],
    ...{ user_agent: request['userAgent'], tls: request['sslProtocol'], request_time: request['timeTaken'] },
  };
}

function vercel(object: Members, request: Members): Members {
  const [agent] = Array.isArray(request['userAgent']) ? (request['userAgent'] as unknown[]) : [request['userAgent']];
  return {
    ...{ timestamp: request['timestamp'] ?? object['timestamp'], client_ip: request['clientIp'] },
    ...{ host: request['host'], path: request['path'], request_method: request['method'] },
    ...{ status: request['statusCode'], user_agent: agent, server: request['region'], request_id: object['requestId'] },
  };
}

/** The client's request and the answer to it stand in objects of those names. */
function kong(object: Members, tookMs: unknown): Members {
  const request = isObject(object['request']) ? object['request'] : {};
  const response = isObject(object['response']) ? object['response'] : {};
  const headers = isObject(request['headers']) ? request['headers'] : {};
  return {
    ...{ timestamp: object['started_at'], client_ip: object['client_ip'], host: headers['host'] },
    ...{ request_method: request['method'], path: request['uri'], status: response['status'] },
    ...{ bytes: response['size'], user_agent: headers['user-agent'], request_id: request['id'] },
    ...(typeof tookMs === 'number' ? { request_time: tookMs / 1000 } : {}),
  };
}

/** A server's name is that of the one behind. */
function haproxy(object: Members): Members {
  const took = Number(object['time_active'] ?? Number.NaN);
  const { haproxy_timestamp: timestamp = object['timestamp'], http_uri: path, server_name: _, ...rest } = object;
  return {
    ...rest,
    ...{ timestamp, path: path ?? object['path'], server: object['frontend_name'], bytes: object['bytes_read'] },
    ...(took >= 0 ? { request_time: took / 1000 } : {}),
  };
}

function apiGateway({ requestTime, responseLength, resourcePath, sourceIp, ...rest }: Members): Members {
  const said = { path: resourcePath, bytes: responseLength, client_ip: sourceIp };
  const known = Object.entries(said).filter(([, value]) => value !== undefined);
  return { ...rest, timestamp: requestTime, ...Object.fromEntries(known) };
}
