export function number(value: number): string {
  return value.toLocaleString('en-US');
}

/** A number and what it counts: `1 key`, `2 keys`. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}
