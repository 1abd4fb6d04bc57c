/**
 * What a carrier has given so far, beside what is shown of it: which record of each key, and the digest of all that are live.
 *
 * A record is kept only until it is shown; of what is shown its digest is enough to see that it came again. One change
 * costs one bucket of 256, not the whole. The twin of the Rust `reader/held.rs`.
 */

import { BUCKETS, bucketDigest, bucketOf, digestOfBuckets, recordDigest } from "./digest.ts";
import type { Entity } from "./record.ts";

/** Records that are kept, live or not: what a server that lies can make a reader hold. */
export const HELD_RECORDS_MAX = 1 << 24;
/** Bytes of records that are not shown yet. */
export const PENDING_BYTES_MAX = 1 << 30;

/** What a view changes, of one key: its record, or nothing where it is gone. */
export interface Changed {
  /** `kind/id`. */
  readonly key: string;
  readonly entity: Entity | undefined;
}

/** The record of a key. */
interface Entry {
  digest: string;
  epoch: number;
  revision: number;
  /** It was given since the carrier began. */
  held: boolean;
  /** The view has it, with this digest, unless something else is pending. */
  shown: boolean;
}

/** Of a key whose record is not the one that is shown. */
interface Pending {
  /** The record; nothing where it is gone. */
  readonly entity: Entity | undefined;
  readonly bytes: number;
  /** The digest of what is shown of it. */
  readonly was: string | undefined;
}

interface Bucket {
  readonly entries: Map<string, Entry>;
  /** Of the live records of an epoch; forgotten with each change. */
  digest: { readonly epoch: number; readonly digest: string } | undefined;
}

/** Of an epoch: how many records are held, and the highest revision that came. */
interface Counted {
  held: number;
  highest: number;
}

/** All records by key. */
export class Records {
  readonly #buckets: readonly Bucket[] = Array.from({ length: BUCKETS }, () => ({
    entries: new Map(),
    digest: undefined,
  }));
  #pending = new Map<string, Pending>();
  #pendingBytes = 0;
  #count = 0;
  readonly #epochs = new Map<number, Counted>();
  /** Something may be shown that is not held any more, without being pending. */
  #isUnseen = false;

  /** What is shown already, and was given by no carrier: of a floor. */
  showing(key: string, digest: string, epoch: number, revision: number): void {
    this.#bucket(key).entries.set(key, { digest, epoch, revision, held: false, shown: true });
    this.#count++;
    this.#isUnseen = true;
  }

  /** A record came; whether there was room for it. */
  put(entity: Entity, line: Uint8Array): boolean {
    const { kind, id, epoch, revision } = entity;
    const key = `${kind}/${id}`;
    const digest = recordDigest(key, line);
    const bucket = this.#bucket(key);
    bucket.digest = undefined;
    const before = bucket.entries.get(key);
    if (before === undefined && this.#count >= HELD_RECORDS_MAX) return false;
    if (before?.held) this.#uncount(before.epoch);
    const counted = this.#epochs.get(epoch) ?? { held: 0, highest: 0 };
    counted.held++;
    counted.highest = Math.max(counted.highest, revision);
    this.#epochs.set(epoch, counted);
    const pending = this.#pending.get(key);
    const was = pending === undefined ? (before?.shown ? before.digest : undefined) : pending.was;
    if (before === undefined) this.#count++;
    bucket.entries.set(key, { digest, epoch, revision, held: true, shown: was !== undefined });
    if (was === digest) {
      this.#settle(key);
      return true;
    }
    return this.#awaitShowing(key, entity, line.length, was);
  }

  /** A key is gone; whether there was room to note it. */
  delete(key: string): boolean {
    const bucket = this.#bucket(key);
    const entry = bucket.entries.get(key);
    if (!entry?.held) return true;
    bucket.digest = undefined;
    entry.held = false;
    this.#uncount(entry.epoch);
    const pending = this.#pending.get(key);
    const was = pending === undefined ? (entry.shown ? entry.digest : undefined) : pending.was;
    if (was !== undefined) return this.#awaitShowing(key, undefined, 0, was);
    this.#settle(key);
    this.#forget(key);
    return true;
  }

  /** How many records are live under a commit of this epoch and revision. */
  count(epoch: number, revision: number): number {
    const counted = this.#epochs.get(epoch);
    if (counted === undefined) return 0;
    if (counted.highest <= revision) return counted.held;
    // Some came ahead of their commit.
    let live = 0;
    for (const { entries } of this.#buckets) {
      for (const entry of entries.values()) if (isLive(entry, epoch, revision)) live++;
    }
    return live;
  }

  /** Their digest (feed §1), as lower-case hex. */
  digest(epoch: number, revision: number): string {
    const counted = this.#epochs.get(epoch);
    const isAll = counted === undefined || counted.highest <= revision;
    return digestOfBuckets(
      this.#buckets.map((bucket) => {
        if (isAll && bucket.digest?.epoch === epoch) return bucket.digest.digest;
        const live: string[] = [];
        for (const entry of bucket.entries.values())
          if (isLive(entry, epoch, revision)) live.push(entry.digest);
        const digest = bucketDigest(live);
        if (isAll) bucket.digest = { epoch, digest };
        return digest;
      }),
    );
  }

  /** What is live under this commit is shown from here on; what that changes, by key. */
  show(epoch: number, revision: number, isNewEpoch: boolean): Changed[] {
    const changes: Changed[] = [];
    const still = new Map<string, Pending>();
    this.#pendingBytes = 0;
    for (const [key, pending] of this.#pending) {
      const entry = this.#bucket(key).entries.get(key);
      if (entry === undefined) continue;
      if (isLive(entry, epoch, revision)) {
        entry.shown = true;
        changes.push({ key, entity: pending.entity });
        continue;
      }
      entry.shown = false;
      if (pending.was !== undefined) changes.push({ key, entity: undefined });
      if (entry.held) {
        this.#pendingBytes += pending.bytes;
        still.set(key, { ...pending, was: undefined });
      } else {
        this.#forget(key);
      }
    }
    this.#pending = still;
    if (this.#isUnseen || isNewEpoch) {
      this.#isUnseen = false;
      this.#dropUnseen(epoch, revision, changes);
    }
    // Kinds and ids are ASCII: units are bytes.
    return changes.sort((one, other) => (one.key < other.key ? -1 : 1));
  }

  /** The carrier begins again: nothing is held, what is shown stays. */
  restart(): void {
    this.#count = 0;
    for (const bucket of this.#buckets) {
      bucket.digest = undefined;
      for (const [key, entry] of bucket.entries) {
        const pending = this.#pending.get(key);
        const was = pending === undefined ? (entry.shown ? entry.digest : undefined) : pending.was;
        if (was === undefined) {
          bucket.entries.delete(key);
          continue;
        }
        entry.held = false;
        entry.shown = true;
        entry.digest = was;
        this.#count++;
      }
    }
    this.#pending.clear();
    this.#pendingBytes = 0;
    this.#epochs.clear();
    this.#isUnseen = true;
  }

  /** What is shown, neither pending nor live, is gone: it did not come again, or it is of a former epoch. */
  #dropUnseen(epoch: number, revision: number, changes: Changed[]): void {
    for (const { entries } of this.#buckets) {
      for (const [key, entry] of entries) {
        if (this.#pending.has(key) || isLive(entry, epoch, revision)) continue;
        if (entry.shown) changes.push({ key, entity: undefined });
        if (entry.held) this.#uncount(entry.epoch);
        entries.delete(key);
        this.#count--;
      }
    }
  }

  #bucket(key: string): Bucket {
    const bucket = this.#buckets[bucketOf(key)];
    if (bucket === undefined) throw new Error("a byte has 256 values");
    return bucket;
  }

  #awaitShowing(key: string, entity: Entity | undefined, bytes: number, was: string | undefined): boolean {
    this.#pendingBytes += bytes - (this.#pending.get(key)?.bytes ?? 0);
    this.#pending.set(key, { entity, bytes, was });
    return this.#pendingBytes <= PENDING_BYTES_MAX;
  }

  #settle(key: string): void {
    this.#pendingBytes -= this.#pending.get(key)?.bytes ?? 0;
    this.#pending.delete(key);
  }

  #forget(key: string): void {
    if (this.#bucket(key).entries.delete(key)) this.#count--;
  }

  #uncount(epoch: number): void {
    const counted = this.#epochs.get(epoch);
    if (counted !== undefined && counted.held > 0) counted.held--;
  }
}

function isLive(entry: Entry, epoch: number, revision: number): boolean {
  return entry.held && entry.epoch === epoch && entry.revision <= revision;
}
