/**
 * An index in which several entities may claim one key, and the one with the lowest id has it (contract §2).
 *
 * Which entity came first plays no part, so that applying changes in any order, or building anew, gives the same.
 */

import { Shards } from "./shards.ts";

/** Nearly every key has one claimant: only others cost a list, in the order of ids. */
type Claimed<T> = T | readonly T[];

/** An immutable index. */
export class Claimants<T extends object> {
  readonly #shards: Shards<Claimed<T>>;
  readonly #idOf: (item: T) => string;

  constructor(idOf: (item: T) => string, shards: Shards<Claimed<T>> = Shards.empty()) {
    this.#idOf = idOf;
    this.#shards = shards;
  }

  /** How many keys are claimed. */
  get size(): number {
    return this.#shards.size;
  }

  /** The claimant with the lowest id. */
  first(key: string): T | undefined {
    const claimed = this.#shards.get(key);
    return isList(claimed) ? claimed[0] : claimed;
  }

  /** Every claimant, the lowest id first. */
  all(key: string): readonly T[] {
    return listOf(this.#shards.get(key));
  }

  /** Changes in one go: each gives up or takes a key. */
  edit(): ClaimantsEdit<T> {
    const edit = this.#shards.edit();
    const idOf = this.#idOf;
    return {
      add(key, item) {
        const present = edit.get(key);
        if (present === undefined) {
          edit.set(key, item);
          return;
        }
        // Ids are ASCII, so UTF-16 units are in byte order. Sorting is stable: of one owner's, the first stays first.
        const items = [...listOf(present), item].sort((a, b) => order(idOf(a), idOf(b)));
        edit.set(key, items);
      },
      remove(key, item) {
        const left = listOf(edit.get(key)).filter((other) => other !== item);
        edit.set(key, left.length > 1 ? left : left[0]);
      },
      first(key) {
        return listOf(edit.get(key))[0];
      },
      done: () => new Claimants(idOf, edit.done()),
    };
  }
}

/** An index under change. */
export interface ClaimantsEdit<T extends object> {
  /** `item` claims the key. */
  add(key: string, item: T): void;
  /** `item` gives it up. */
  remove(key: string, item: T): void;
  /** The claimant with the lowest id, so far. */
  first(key: string): T | undefined;
  /** The changed index. */
  done(): Claimants<T>;
}

function isList<T>(claimed: Claimed<T> | undefined): claimed is readonly T[] {
  return Array.isArray(claimed);
}

function listOf<T>(claimed: Claimed<T> | undefined): readonly T[] {
  if (claimed === undefined) return [];
  return isList(claimed) ? claimed : [claimed];
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
