/** Seeded choices: the same seed gives the same run, so that a difference can be looked at again. */

/** A stream of choices (sfc32). */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = (seed / 2 ** 32) | 0;
    this.#c = 0x5eed;
    for (let round = 0; round < 16; round++) this.#next();
  }

  /** A whole number from 0, below `end`. */
  below(end: number): number {
    return Math.floor((this.#next() / 2 ** 32) * end);
  }

  /** True once in `n`. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  /** One of these. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined && !items.includes(item as T)) throw new Error("nothing to pick from");
    return item as T;
  }

  /** The first, mostly; else one of the others. */
  mostly<T>(usual: T, oneIn: number, others: readonly T[]): T {
    return this.oneIn(oneIn) ? this.pick(others) : usual;
  }

  /** Some of these, in order, each with a chance of one in `n`. */
  some<T>(items: readonly T[], n = 2): T[] {
    return items.filter(() => this.oneIn(n));
  }

  /** Between `min` and `max` things. */
  times<T>(min: number, max: number, make: (index: number) => T): T[] {
    return Array.from({ length: min + this.below(max - min + 1) }, (_, index) => make(index));
  }

  #next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
}
