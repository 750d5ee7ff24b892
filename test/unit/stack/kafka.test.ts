import { expect, it } from 'vitest';
import { newClusterId } from '../../../stack/services/kafka.js';

it("a cluster id is a UUID in Kafka's form, and never looks like an option", () => {
  // One in 64 would begin with a hyphen: 2000 of them do not miss it.
  for (const id of Array.from({ length: 2000 }, newClusterId)) {
    expect(id).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
    expect(Buffer.from(id, 'base64url')).toHaveLength(16);
  }
});
