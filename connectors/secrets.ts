const SECRET_SETTING = /password|secret|token|credential|api[._-]?key|jaas|user[._]info/i;
const MASK = '********';

/** The values of settings that must not be printed, with the passwords inside of URLs. */
export function secretsOf(config: Readonly<Record<string, string>>): string[] {
  const secrets = new Set<string>();
  for (const [name, value] of Object.entries(config)) {
    if (SECRET_SETTING.test(name) && value !== '') secrets.add(value);
    for (const [, password] of value.matchAll(/:\/\/[^/@\s:]*:([^/@\s]+)@/g)) {
      if (password !== undefined) secrets.add(password);
    }
  }
  // The longest first, for one may be a part of another.
  return [...secrets].sort((a, b) => b.length - a.length);
}

export function mask(text: string, secrets: readonly string[]): string {
  return secrets.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}
