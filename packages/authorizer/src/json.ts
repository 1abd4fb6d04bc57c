/**
 * Reading JSON that somebody else shaped: a member is looked at only when it is asked for, and one of a wrong kind is a
 * finding, not an exception. The twin of the Rust `event::json`.
 */

/** A value of another kind than it has to be. */
export class WrongKind extends Error {}

/** An object's members by name; an inherited name is none. */
export class Members {
  readonly #members: Map<string, unknown>;

  private constructor(members: Map<string, unknown>) {
    this.#members = members;
  }

  /** `undefined` where the value is not an object, or a name in it is no Unicode text. */
  static of(value: unknown): Members | undefined {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const members = new Map<string, unknown>(Object.entries(value));
    for (const name of members.keys()) {
      if (!isUnicode(name)) return undefined;
    }
    return new Members(members);
  }

  /** Names and values. */
  entries(): Iterable<[string, unknown]> {
    return this.#members;
  }

  /** Names alone. */
  names(): Iterable<string> {
    return this.#members.keys();
  }

  /** A string; `undefined` where it is absent or null. */
  text(name: string): string | undefined {
    const value = this.#members.get(name) ?? undefined;
    return value === undefined ? undefined : textOf(value);
  }

  /** A string; `undefined` where there is none. */
  textOrNone(name: string): string | undefined {
    const value = this.#members.get(name);
    return typeof value === "string" && isUnicode(value) ? value : undefined;
  }

  /** An object; `undefined` where there is none. */
  objectOrNone(name: string): Members | undefined {
    return Members.of(this.#members.get(name));
  }

  /** An object; `undefined` where it is absent or null. */
  object(name: string): Members | undefined {
    const value = this.#members.get(name) ?? undefined;
    if (value === undefined) return undefined;
    const members = Members.of(value);
    if (members === undefined) throw new WrongKind();
    return members;
  }
}

/** A string. */
export function textOf(value: unknown): string {
  if (typeof value !== "string" || !isUnicode(value)) throw new WrongKind();
  return value;
}

/** Whether no surrogate stands alone. */
function isUnicode(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
