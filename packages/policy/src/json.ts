/**
 * JSON of tokens and records, read by one written rule (contract §5), so that no two readers can see different claims.
 *
 * Objects become `Map`s: a member named `__proto__` is a member like any other. `JSON.parse` would let the last of
 * two members win, round 1e999 to infinity, and take lone surrogates; here each of them is a refusal.
 */

/** A value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** An object. */
export type JsonObject = ReadonlyMap<string, Json>;

/** Containers within containers; the outermost is 1. */
export const DEPTH_MAX = 16;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The one object that `bytes` hold, or `undefined`. */
export function parseJsonObject(bytes: Uint8Array): JsonObject | undefined {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return undefined;
  }
  return readObject(new Reader(text));
}

/** Whether a text is one object by the rule, or would be if members might stand there twice. `text` is well-formed. */
export function isJsonObject(text: string, mayRepeat = false): boolean {
  return readObject(new Reader(text, mayRepeat)) !== undefined;
}

/** The members of the one object that `text` is, as they are written; `undefined` where it is none by the rule. */
export function memberTexts(text: string): ReadonlyMap<string, string> | undefined {
  const reader = new Reader(text);
  return readObject(reader) === undefined ? undefined : reader.written;
}

function readObject(reader: Reader): JsonObject | undefined {
  try {
    const value = reader.whole();
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** Whether a value is an object. */
export function isObject(value: Json | undefined): value is JsonObject {
  return value instanceof Map;
}

/** Whether a value is an array. */
export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

class Malformed extends Error {}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** Everything in a string up to its end, an escape, or a byte that may not stand there. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the bytes that a string must not have
const PLAIN = /[^"\\\x00-\x1f]*/y;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

class Reader {
  /** Members of the outermost object, as they are written. */
  readonly written = new Map<string, string>();
  readonly #text: string;
  readonly #mayRepeat: boolean;
  #at = 0;

  constructor(text: string, mayRepeat = false) {
    this.#text = text;
    this.#mayRepeat = mayRepeat;
  }

  whole(): Json {
    const value = this.#value(1);
    this.#blanks();
    if (this.#at !== this.#text.length) throw new Malformed();
    return value;
  }

  #value(depth: number): Json {
    this.#blanks();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonObject {
    if (depth > DEPTH_MAX) throw new Malformed();
    const members = new Map<string, Json>();
    this.#at++;
    if (this.#takes("}")) return members;
    do {
      this.#blanks();
      if (this.#text[this.#at] !== '"') throw new Malformed();
      const name = this.#string();
      if ((!this.#mayRepeat && members.has(name)) || !this.#takes(":")) throw new Malformed();
      this.#blanks();
      const begin = this.#at;
      members.set(name, this.#value(depth + 1));
      if (depth === 1) this.written.set(name, this.#text.slice(begin, this.#at));
    } while (this.#takes(","));
    if (!this.#takes("}")) throw new Malformed();
    return members;
  }

  #array(depth: number): Json[] {
    if (depth > DEPTH_MAX) throw new Malformed();
    const items: Json[] = [];
    this.#at++;
    if (this.#takes("]")) return items;
    do {
      items.push(this.#value(depth + 1));
    } while (this.#takes(","));
    if (!this.#takes("]")) throw new Malformed();
    return items;
  }

  /** At its opening quote. */
  #string(): string {
    this.#at++;
    let out = "";
    for (;;) {
      PLAIN.lastIndex = this.#at;
      PLAIN.test(this.#text);
      out += this.#text.slice(this.#at, PLAIN.lastIndex);
      this.#at = PLAIN.lastIndex;
      const stop = this.#text[this.#at++];
      if (stop === '"') break;
      if (stop !== "\\") throw new Malformed();
      out += this.#escape();
    }
    return out;
  }

  /** Behind its backslash. A surrogate counts only as the first half of a pair of escapes. */
  #escape(): string {
    const letter = this.#text[this.#at++] ?? "";
    if (letter !== "u") {
      const plain = ESCAPES.get(letter);
      if (plain === undefined) throw new Malformed();
      return plain;
    }
    const unit = this.#hex();
    if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit);
    if (unit > 0xdbff || this.#text.slice(this.#at, this.#at + 2) !== "\\u") throw new Malformed();
    this.#at += 2;
    const low = this.#hex();
    if (low < 0xdc00 || low > 0xdfff) throw new Malformed();
    return String.fromCharCode(unit, low);
  }

  #hex(): number {
    const digits = this.#text.slice(this.#at, this.#at + 4);
    if (!/^[0-9A-Fa-f]{4}$/.test(digits)) throw new Malformed();
    this.#at += 4;
    return Number.parseInt(digits, 16);
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    if (!NUMBER.test(this.#text)) throw new Malformed();
    const number = Number(this.#text.slice(this.#at, NUMBER.lastIndex));
    if (!Number.isFinite(number)) throw new Malformed();
    this.#at = NUMBER.lastIndex;
    return number;
  }

  #word<T extends Json>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw new Malformed();
    this.#at += word.length;
    return value;
  }

  #takes(mark: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  /** JSON's own white space (RFC 8259 §2). */
  #blanks(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#at++;
    }
  }
}
