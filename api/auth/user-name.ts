const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,63}$/u;

export function isUserName(text: string): boolean {
  return NAME.test(text);
}
