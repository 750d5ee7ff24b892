/** Of each kind, what scopes of its entities begin with. */
const SCOPES = { service: 'service/', host: 'web/', sensor: 'sensor/' } as const;
export type EntityKind = keyof typeof SCOPES;
export const ENTITY_KINDS = Object.keys(SCOPES) as EntityKind[];

const NAMED = new RegExp(`^(${ENTITY_KINDS.join('|')}):(.+)$`, 'is');
/** All hosts together. */
const ALL_HOSTS = `${SCOPES.host}*`;

/** Whether a text names entities, such as `service:checkout`, `host:*.example.com` or `sensor:*`. */
export function isEntityName(text: string): boolean {
  return NAMED.test(text);
}

/**
 * Some services, hosts and sensors, by their names, in which `*` stands for any text. A service is named with its endpoints,
 * instances and clients.
 */
export class Entities {
  readonly #patterns: readonly RegExp[];
  readonly #hasHosts: boolean;

  /** @throws RangeError a name is not of the form `kind:name` */
  constructor(names: readonly string[]) {
    const parts = names.map(partsOf);
    this.#patterns = parts.map(({ kind, name }) => new RegExp(`^${escaped(SCOPES[kind] + name)}$`, 's'));
    this.#hasHosts = parts.some(({ kind }) => kind === 'host');
  }

  /** @param scope of an entity, such as `service/checkout` or `web/www.example.com` */
  has(scope: string): boolean {
    return this.#patterns.some((pattern) => pattern.test(scope));
  }

  /** Whether the entity is one of these, or has some of them in it: all hosts together do. */
  touch(scope: string): boolean {
    return (this.#hasHosts && scope === ALL_HOSTS) || this.has(scope);
  }
}

function partsOf(text: string): { kind: EntityKind; name: string } {
  const found = NAMED.exec(text);
  if (found === null) {
    throw new RangeError(
      `"${text}" names no entity; write service:NAME, host:NAME or sensor:NAME, with * for any text.`,
    );
  }
  const kind = (found[1] ?? '').toLowerCase() as EntityKind;
  const name = found[2] ?? '';
  return { kind, name: kind === 'host' ? name.toLowerCase() : name };
}

function escaped(pattern: string): string {
  return pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
}
