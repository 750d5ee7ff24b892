interface Request {
  /** Without its query. */
  readonly url: string;
  readonly query: Readonly<Record<string, string>>;
  /** The server asks who it is: a token from the environment says so. */
  readonly needsToken: boolean;
}

/** A request as a command of a shell, each of its parameters on a line of its own. */
export function asCurl({ needsToken, query, url }: Request): string {
  return [
    `curl --get ${quoted(url)}`,
    ...Object.entries(query).map(([name, value]) => `--data-urlencode ${quoted(`${name}=${value}`)}`),
    ...(needsToken ? ['--header "Authorization: Bearer $MILLRACE_TOKEN"'] : []),
  ].join(' \\\n  ');
}

/** One word of a POSIX shell, in which nothing is expanded. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
