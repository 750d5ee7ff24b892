/** Which sides have results without a partner: neither, the left one, or both. */
export type JoinKind = 'inner' | 'left' | 'outer';

export type JoinSide = 'left' | 'right';

/** What the joins are called, for messages. */
export const JOIN_OPERATORS: Readonly<Record<JoinKind, string>> = {
  inner: 'join',
  left: 'leftJoin',
  outer: 'outerJoin',
};

/** A joiner as it is called: the key first. */
export type Join = (key: unknown, value: unknown, otherValue: unknown) => unknown;

/** A joiner as it is given: of both values, or of the key and both values. */
export type AnyJoiner =
  | ((value: never, otherValue: never) => unknown)
  | ((key: never, value: never, otherValue: never) => unknown);

/** Which of the two it is, its number of parameters says. */
export function joinOf(joiner: AnyJoiner): Join {
  if (joiner.length >= 3) return joiner as Join;
  const join = joiner as (value: unknown, otherValue: unknown) => unknown;
  return (_key, value, otherValue) => join(value, otherValue);
}
