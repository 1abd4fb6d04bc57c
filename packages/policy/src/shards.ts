/**
 * A map that is never changed but copied, at a price in proportion to the change: the shards that are touched.
 *
 * With 1,000,000 entries a shard has about 250, so one change copies those and the list of shards.
 */

const SHARDS = 4_096;

type Shard<T> = Map<string, T>;

/** An immutable map from text. */
export class Shards<T> {
  readonly size: number;
  readonly #shards: readonly (Shard<T> | undefined)[];

  private constructor(shards: readonly (Shard<T> | undefined)[], size: number) {
    this.#shards = shards;
    this.size = size;
  }

  /** Nothing. */
  static empty<T>(): Shards<T> {
    return new Shards<T>([], 0);
  }

  /** The value of a key. */
  get(key: string): T | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  /** Every value, in no order that means anything. */
  *values(): Generator<T> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.values();
  }

  /** A copy that may be changed until it is `done`. */
  edit(): Edit<T> {
    return new Edit(this.#shards, (shards, size) => new Shards(shards, size), this.size);
  }
}

/** Shards under change: each is copied when it is first touched. */
export class Edit<T> {
  #shards: readonly (Shard<T> | undefined)[];
  #own: (Shard<T> | undefined)[] | undefined;
  readonly #copied = new Set<number>();
  readonly #finish: (shards: readonly (Shard<T> | undefined)[], size: number) => Shards<T>;
  #size: number;

  constructor(
    shards: readonly (Shard<T> | undefined)[],
    finish: (shards: readonly (Shard<T> | undefined)[], size: number) => Shards<T>,
    size: number,
  ) {
    this.#shards = shards;
    this.#finish = finish;
    this.#size = size;
  }

  /** The value of a key. */
  get(key: string): T | undefined {
    return (this.#own ?? this.#shards)[shardOf(key)]?.get(key);
  }

  /** Sets the value of a key; `undefined` takes it out. */
  set(key: string, value: T | undefined): void {
    const shard = this.#shard(shardOf(key));
    const before = shard.size;
    if (value === undefined) shard.delete(key);
    else shard.set(key, value);
    this.#size += shard.size - before;
  }

  /** The changed map. The edit must not be used afterwards. */
  done(): Shards<T> {
    return this.#finish(this.#own ?? this.#shards, this.#size);
  }

  #shard(index: number): Shard<T> {
    this.#own ??= Array.from({ length: SHARDS }, (_, at) => this.#shards[at]);
    const present = this.#own[index];
    if (present !== undefined && this.#copied.has(index)) return present;
    const copy = new Map(present);
    this.#copied.add(index);
    this.#own[index] = copy;
    return copy;
  }
}

/** FNV-1a over UTF-16 units, folded: keys are chosen by whoever writes policy, not by whoever calls. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 12) ^ (hash >>> 24)) & (SHARDS - 1);
}
