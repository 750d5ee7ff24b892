import ipaddr from 'ipaddr.js';

/** What stands for a client that is not known: a line can name a host and no client. */
export const UNKNOWN_CLIENT = '-';

const ZERO = 48;
const NINE = 57;
const DOT = 46;

/** A port behind an address or a name. */
const PORT = /:\d{1,5}$/;
/**
 * Eight groups, or fewer around two colons; behind six, or behind two colons, there may be an IPv4 address. A clock is none:
 * what the library is asked and does not know costs it an error, a hundred times what a line costs otherwise.
 */
const IPV6_SHAPE = /^(?:(?:[\da-f]{1,4}:){6}(?:[\da-f]{1,4}:[\da-f]{1,4}|[\d.]{7,15})|[\da-f:]*::[\da-f:.]*)$/i;
const BRACKETED = /^\[([^\]]*)\](?::\d{0,5})?$/;
/** Of at most so many characters is the longest address, with its zone, brackets and port. */
const LONGEST_ADDRESS = 100;
const LONGEST_NAME = 253;
/** A name in the DNS, or in a machine's hosts file; not one that starts with an underscore, as hidden clients do. */
const NAME = /^[a-z0-9](?:[a-z0-9_.-]*[a-z0-9_])?$/;
/** Words that stand for no client. */
const NOBODY = new Set(['unknown', 'null', 'undefined', 'none', 'nil', 'unix', 'n', 'na', 'nan', 'false', 'true']);

/**
 * The one spelling of an IP address: IPv4 with dots and without leading zeros, IPv6 as RFC 5952 has it. What others write
 * around an address is left out: ports, brackets, quotes, a zone, spaces, a comma. An IPv4 address inside an IPv6 one
 * (`::ffff:1.2.3.4`, `::1.2.3.4`) is the IPv4 address. A number with leading zeros is decimal, as people mean it.
 *
 * @returns undefined for what is no address
 */
export function canonicalAddress(text: string): string | undefined {
  return isCanonicalIPv4(text) ? text : unusualAddress(text);
}

/**
 * The one spelling of a client: of its address, or of its name, where a server logs names (Apache's HostnameLookups).
 *
 * @returns undefined for what stands for no client, such as `-`, `unknown`, `unix:`, `_hidden`
 */
export function canonicalClient(text: string): string | undefined {
  return canonicalAddress(text) ?? clientName(text);
}

/** Whether an address, in its one spelling, is one that the public Internet does not route. */
export function isPrivateAddress(address: string): boolean {
  const parsed = parsedAddress(address);
  return parsed !== undefined && parsed.range() !== 'unicast' && !isDocumentation(address);
}

/** The parts of an address in its one spelling; undefined for a name. The library itself would make an error of each name. */
export function parsedAddress(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (isCanonicalIPv4(address)) return ipaddr.IPv4.parse(address);
  return isIPv6(address) ? ipaddr.IPv6.parse(address) : undefined;
}

function isIPv6(text: string): boolean {
  return IPV6_SHAPE.test(text) && ipaddr.IPv6.isValid(text);
}

/** Examples are written with these; they stand for public ones. */
function isDocumentation(address: string): boolean {
  return /^(?:192\.0\.2|198\.51\.100|203\.0\.113)\.|^2001:db8:/.test(address);
}

/** Four numbers up to 255 without leading zeros: by far the most addresses, so nothing is made to find out. */
function isCanonicalIPv4(text: string): boolean {
  const { length } = text;
  if (length < 7 || length > 15) return false;
  let dots = 0;
  let digits = 0;
  let number = 0;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0 || number > 255) return false;
      dots++;
      digits = 0;
      number = 0;
    } else {
      if (code < ZERO || code > NINE || (digits > 0 && number === 0)) return false;
      digits++;
      number = number * 10 + code - ZERO;
    }
  }
  return dots === 3 && digits > 0 && number <= 255;
}

function unusualAddress(text: string): string | undefined {
  let address = bare(text);
  if (address.length === 0 || address.length > LONGEST_ADDRESS) return undefined;
  const bracketed = BRACKETED.exec(address)?.[1];
  if (bracketed !== undefined) address = bracketed;
  const zone = address.indexOf('%');
  if (zone > 0) address = address.slice(0, zone);
  const firstColon = address.indexOf(':');
  if (firstColon < 0 || firstColon === address.lastIndexOf(':')) return ipv4(address.replace(PORT, ''));
  return ipv6(address) ?? ipv6(address.replace(PORT, ''));
}

/** Without what separates addresses from each other, or quotes them. */
function bare(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isAround(text.charCodeAt(start))) start++;
  while (end > start && isAround(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isAround(code: number): boolean {
  // Spaces and control characters; quotes; a comma; a semicolon; the slash that Java writes before an address.
  return code <= 32 || code === 34 || code === 39 || code === 44 || code === 59 || code === 47;
}

function ipv4(text: string): string | undefined {
  const numbers = text.split('.', 5);
  if (numbers.length !== 4 || !numbers.every((number) => /^\d{1,4}$/.test(number) && Number(number) <= 255)) {
    return undefined;
  }
  return numbers.map(Number).join('.');
}

function ipv6(text: string): string | undefined {
  // The last 32 bits may be written as an IPv4 address, with leading zeros like any other.
  const last = text.lastIndexOf(':') + 1;
  const dotted = text.includes('.', last) ? ipv4(text.slice(last)) : '';
  if (dotted === undefined) return undefined;
  const address = dotted === '' ? text : `${text.slice(0, last)}${dotted}`;
  if (!isIPv6(address)) return undefined;
  const { parts } = ipaddr.IPv6.parse(address);
  const [high = 0, low = 0] = parts.slice(6);
  // ::1 and :: are no IPv4 addresses.
  const isIPv4 = parts.slice(0, 5).every((part) => part === 0) && (parts[5] === 0xffff || (parts[5] === 0 && high > 0));
  return isIPv4 ? `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}` : new ipaddr.IPv6(parts).toRFC5952String();
}

function clientName(text: string): string | undefined {
  const name = bare(text).replace(PORT, '').replace(/\.$/, '').toLowerCase();
  if (name.length > LONGEST_NAME || !NAME.test(name) || !/[a-z]/.test(name) || NOBODY.has(name)) return undefined;
  return name;
}
