/** What a feed's records amount to: one digest that any order of records gives (feed §1). No JSON is serialised anew. */

import { createHash } from "node:crypto";

const BUCKETS = 256;

/** SHA-256 of u32be length of key ‖ key ‖ the value's bytes. */
export function recordDigest(key: string, value: Uint8Array): Buffer {
  const bytes = Buffer.from(key);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return createHash("sha256").update(length).update(bytes).update(value).digest();
}

/** The digest over all records, as lower-case hex. */
export function feedDigest(records: Iterable<readonly [key: string, digest: Buffer]>): string {
  const buckets = Array.from({ length: BUCKETS }, (): Buffer[] => []);
  for (const [key, digest] of records) {
    const [bucket = 0] = createHash("sha256").update(key).digest();
    buckets[bucket]?.push(digest);
  }
  const whole = createHash("sha256");
  for (const bucket of buckets) {
    const inOrder = bucket.sort(Buffer.compare);
    whole.update(createHash("sha256").update(Buffer.concat(inOrder)).digest());
  }
  return whole.digest("hex");
}
