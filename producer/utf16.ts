/** Whether a text is UTF-16, by its byte order mark. */
export function isUtf16(beginning: Uint8Array): boolean {
  return encodingOf(beginning) !== undefined;
}

function encodingOf([first, second]: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
}

/** A text's bytes in UTF-8, where it begins with a mark that says it is UTF-16; as they are otherwise. */
export async function* utf8Of(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let isFirst = true;
  for await (const piece of pieces) {
    if (isFirst) {
      const encoding = encodingOf(piece);
      decoder = encoding === undefined ? undefined : new TextDecoder(encoding);
      isFirst = false;
    }
    yield decoder === undefined ? piece : Buffer.from(decoder.decode(piece, { stream: true }));
  }
}
