import { describe, expect, it } from 'vitest';
import { keyOfText, keyText } from '../../../../streams/serde/key-text.js';
import { stringSerde } from '../../../../streams/serde/string.js';

describe('the text of a key', () => {
  it.each(['', 'host-1.example', '\0roster', 'a\x7f', 'a\x80', 'é', 'ﬀ', '日本', '🙂', 'a\nb'])(
    'has the bytes of %j, and the key comes back',
    (key) => {
      const text = keyText(stringSerde, 'topic', key);
      expect(Buffer.from(text, 'latin1')).toEqual(Buffer.from(key));
      expect(keyOfText(stringSerde, 'topic', text)).toBe(key);
    },
  );

  it('sorts as the bytes do', () => {
    const keys = ['z', 'é', 'a', '日', '\x7f', '\x80', '🙂', 'ﬀ'];
    const byText = keys.toSorted((one, other) =>
      keyText(stringSerde, 'topic', one) < keyText(stringSerde, 'topic', other) ? -1 : 1,
    );
    expect(byText).toEqual(keys.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))));
  });
});
