/**
 * Reads an entity's body tolerantly (contract §2): unknown members are ignored, a member that is left out has its
 * default, and one that is there with a value that may not stand there makes the whole entity unsupported.
 *
 * Faults are collected, never thrown: what can be read of a faulty entity still decides what is refused with it.
 */

import { isId, isOfBytes, isScope, NAME_BYTES_MAX, parseTime } from "../form.ts";

/** What a member's value means; `undefined` where it may not stand there. */
export type Read<T> = (value: unknown) => T | undefined;

/** One object under reading. Only its own members count: bodies may have any names, `__proto__` too. */
export class Reading {
  /** The names of members that could not be read. */
  readonly faults: string[] = [];
  readonly #members: object;

  constructor(body: unknown) {
    const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
    this.#members = isObject ? body : {};
    if (!isObject) this.faults.push("the body");
  }

  /** Whether the member is there, with any value. */
  has(name: string): boolean {
    return Object.hasOwn(this.#members, name);
  }

  /** A member that may be left out. */
  optional<T>(name: string, read: Read<T>): T | undefined {
    return this.has(name) ? this.#read(name, read) : undefined;
  }

  /** A member that has to be there. */
  required<T>(name: string, read: Read<T>): T | undefined {
    return this.#read(name, read);
  }

  /** Notes what is wrong with the whole. */
  fault(what: string): void {
    this.faults.push(what);
  }

  #read<T>(name: string, read: Read<T>): T | undefined {
    const value: unknown = this.has(name) ? (this.#members as Record<string, unknown>)[name] : undefined;
    const meaning = value === undefined ? undefined : read(value);
    if (meaning === undefined) this.faults.push(name);
    return meaning;
  }
}

/** Text of a certain form. */
export function text(isGood: (text: string) => boolean): Read<string> {
  return (value) => (typeof value === "string" && isGood(value) ? value : undefined);
}

/** One of these words. */
export function word<const W extends string>(...words: readonly W[]): Read<W> {
  return (value) => words.find((known) => known === value);
}

/** `true` or `false`. */
export const flag: Read<boolean> = (value) => (typeof value === "boolean" ? value : undefined);

/** An id. */
export const id = text(isId);
/** A name that another system gives, compared as it is. */
export const name = text((value) => isOfBytes(value, NAME_BYTES_MAX));
/** A scope token. */
export const scope = text(isScope);
/** An RFC 3339 time, as Unix seconds. */
export const time: Read<number> = (value) => (typeof value === "string" ? parseTime(value) : undefined);

/** A whole number in a range; JSON cannot tell `5.0` from `5`. */
export function whole(min: number, max: number): Read<number> {
  return (value) => {
    const isGood = typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
    // The sum takes the sign from a negative zero.
    return isGood ? value + 0 : undefined;
  };
}

/** A list of `min` to `max` items, all of which can be read. */
export function list<T>(item: Read<T>, min: number, max: number): Read<T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) return undefined;
    // An array that is pushed to reserves room for many more: there may be millions of these.
    const items = value.map(item);
    return items.every((meaning) => meaning !== undefined) ? items : undefined;
  };
}

/** The same, in which no item stands twice. */
export function set<T>(item: Read<T>, min: number, max: number): Read<ReadonlySet<T>> {
  const read = list(item, min, max);
  return (value) => {
    const items = read(value);
    const different = new Set(items);
    return items === undefined || different.size !== items.length ? undefined : different;
  };
}

/** Whether a reader that knows no needed word may take the entity as it is. */
export function needsNothing(needs: unknown): boolean {
  return needs === undefined || (Array.isArray(needs) && needs.length === 0);
}
