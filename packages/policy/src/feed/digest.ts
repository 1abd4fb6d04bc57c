/**
 * What a feed's records amount to: one digest that any order of records gives (feed §1). No JSON is serialised anew.
 *
 * Digests are binary text, one character a byte: such text sorts in byte order, and is cheaper than a buffer each.
 */

import { hash } from "node:crypto";

/** One for each value of a byte. */
export const BUCKETS = 256;
/** Bytes of the length before a key. */
const LENGTH_BYTES = 4;

/** SHA-256 of u32be length of key ‖ key ‖ the value's bytes, as binary text. */
export function recordDigest(key: string, value: Uint8Array): string {
  const keyBytes = Buffer.byteLength(key);
  const whole = Buffer.allocUnsafe(LENGTH_BYTES + keyBytes + value.length);
  whole.writeUInt32BE(keyBytes);
  whole.write(key, LENGTH_BYTES);
  whole.set(value, LENGTH_BYTES + keyBytes);
  return hash("sha256", whole, "binary");
}

/** In which of the buckets a key is. */
export function bucketOf(key: string): number {
  return hash("sha256", key, "binary").charCodeAt(0);
}

/** The digest of one bucket, of its record digests in any order, which it sorts. */
export function bucketDigest(records: string[]): string {
  return hash("sha256", bytesOf(records.sort()), "binary");
}

/** The digest over all buckets, as lower-case hex. */
export function digestOfBuckets(digests: readonly string[]): string {
  return hash("sha256", bytesOf(digests));
}

/** The digest over all records, as lower-case hex. */
export function feedDigest(records: Iterable<readonly [key: string, digest: string]>): string {
  const buckets = Array.from({ length: BUCKETS }, (): string[] => []);
  for (const [key, digest] of records) buckets[bucketOf(key)]?.push(digest);
  return digestOfBuckets(buckets.map(bucketDigest));
}

function bytesOf(digests: readonly string[]): Buffer {
  return Buffer.from(digests.join(""), "binary");
}
