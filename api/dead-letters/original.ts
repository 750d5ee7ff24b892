import type { Header, Headers } from '@millrace/streams';

/** Where a dead letter came from, as the headers say that were added to it. */
export interface Original {
  readonly topic: string;
  readonly partition: number;
  /** Those that it had. */
  readonly headers: Headers;
}

/** Added to what the record had: the reason first, so that all from there on is ours. */
const FIRST_ADDED = 'reason';
const WHOLE = /^\d{1,15}$/;

/** @returns as a text: why it cannot be sent again */
export function originalOf(headers: Headers): Original | string {
  const added = headers.findLastIndex(({ key }) => key === FIRST_ADDED);
  if (added < 0) return 'it has no reason: it was not written by a pipeline';
  const own = headers.slice(added);
  const text = (name: string) => own.find(({ key }: Header) => key === name)?.value.toString();
  const [topic, partition = '', offset = ''] = [text('source'), text('partition'), text('offset')];
  if (text('line') !== undefined)
    return 'it is a line of an input and was never in a topic: mend it there, and read it again';
  if (topic === undefined || !WHOLE.test(partition) || !WHOLE.test(offset)) {
    return 'its headers do not say which record it was: what was made while others were processed is made again with them';
  }
  return { topic, partition: Number(partition), headers: headers.slice(0, added) };
}

/** Internal topics hold records in the engine's own form, of which a dead letter has the value alone. */
export function isInternal(topic: string): boolean {
  return /-(repartition|changelog)$/.test(topic);
}
