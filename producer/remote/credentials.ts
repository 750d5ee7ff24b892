export interface Credentials {
  readonly name: string;
  readonly password: string;
}

/** `name:password`; the password may have colons. */
export function credentialsOf(text: string): Credentials {
  const [name = '', ...password] = text.split(':');
  return { name, password: password.join(':') };
}

/** What a URL says before its host; undefined where it says nothing. */
export function credentialsIn(url: string): Credentials | undefined {
  if (!URL.canParse(url)) return undefined;
  const { password, username } = new URL(url);
  return username === '' && password === '' ? undefined : { name: unescaped(username), password: unescaped(password) };
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
