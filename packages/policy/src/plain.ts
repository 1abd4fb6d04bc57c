/**
 * The same rule as in `json.ts`, for records: there are millions, nearly all written without blanks and escapes.
 *
 * `JSON.parse` reads them, and what `JSON.stringify` writes again byte for byte held no member twice and no number
 * beyond a double. Only what cannot be cleared in this way goes through the reader of the rule.
 */

import { DEPTH_MAX, isJsonObject } from "./json.ts";

/** An object as `JSON.parse` gives it. Only its own members count: `__proto__` may be one. */
export type PlainObject = Readonly<Record<string, unknown>>;

/** The one object that `text` is by the rule, or `undefined`. `text` is decoded UTF-8: no half of a pair stands in it. */
export function parsePlainObject(text: string): PlainObject | undefined {
  const value = parse(text);
  return value !== undefined && (isCanonical(text, value) || isJsonObject(text)) ? value : undefined;
}

/** The same for any text, and where all that is wrong is a member that stands twice: with the last of them. */
export function parseRepeatingObject(text: string): { value: PlainObject; isSound: boolean } | undefined {
  const value = /\p{Surrogate}/u.test(text) ? undefined : parse(text);
  if (value === undefined) return undefined;
  if (isCanonical(text, value) || isJsonObject(text)) return { value, isSound: true };
  return isJsonObject(text, true) ? { value, isSound: false } : undefined;
}

function parse(text: string): PlainObject | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as PlainObject)
    : undefined;
}

/** Whether `text` needs no closer look. An escape could be half of a pair, which would be written again as it was. */
function isCanonical(text: string, value: PlainObject): boolean {
  return !text.includes("\\") && isShallow(value, 1) && JSON.stringify(value) === text;
}

/** Counted in the value: a list of what stands in each object would cost more than all the rest. */
function isShallow(value: PlainObject, depth: number): boolean {
  if (depth > DEPTH_MAX) return false;
  for (const name in value) {
    const item = value[name];
    if (typeof item === "object" && item !== null && !isShallow(item as PlainObject, depth + 1)) return false;
  }
  return true;
}
