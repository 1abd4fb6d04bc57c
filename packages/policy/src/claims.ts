/**
 * What a token says: which claim is meant by a name, and how a value becomes a header field.
 *
 * Decides nothing. A value that has no header form has none; nothing is cut, folded or guessed.
 */

import { isOfBytes } from "./form.ts";
import { isArray, isObject, type Json, type JsonObject } from "./json.ts";

/** Where a claim is: member names and array indices, from the outside in. */
export type ClaimName = readonly string[];

const CLAIM_NAME_BYTES_MAX = 256;
/** Bytes of an identity header's value. */
export const HEADER_FORM_BYTES_MAX = 1_024;
/** Integers of a greater magnitude are not exact as doubles. */
export const INTEGER_MAX = 2 ** 53;

/** A member's name, or a JSON Pointer (RFC 6901) if it begins with a slash. */
export function parseClaimName(text: string): ClaimName | undefined {
  if (!isOfBytes(text, CLAIM_NAME_BYTES_MAX)) return undefined;
  if (!text.startsWith("/")) return [text];
  if (/~(?![01])/.test(text)) return undefined;
  const tokens = text.slice(1).split("/");
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The value of a claim, `undefined` where there is none. */
export function claimOf(claims: JsonObject, name: ClaimName): Json | undefined {
  let value: Json | undefined = claims;
  for (const token of name) {
    if (isObject(value)) value = value.get(token);
    else if (isArray(value) && /^(?:0|[1-9][0-9]*)$/.test(token)) value = value[Number(token)];
    else return undefined;
  }
  return value;
}

/** The value as a header field's (policy §5), of any length; `undefined` where it has no such form. */
export function headerForm(value: Json | undefined): string | undefined {
  if (typeof value === "string") return /^[!-~]+$/.test(value) ? value : undefined;
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    // The sum takes the sign from a negative zero.
    return Number.isInteger(value) && Math.abs(value) <= INTEGER_MAX ? String(value + 0) : undefined;
  }
  if (!isArray(value) || !value.every((item) => typeof item === "string")) return undefined;
  const joined = value.map(encodeItem).join(",");
  return joined === "" ? undefined : joined;
}

/** Whether a header form is longer than a header may be. It is ASCII. */
export function isOverlong(form: string | undefined): boolean {
  return form !== undefined && form.length > HEADER_FORM_BYTES_MAX;
}

/** Scopes of a token, each once: a string split at blanks, or an array of strings; otherwise none. */
export function scopesOf(value: Json | undefined): readonly string[] {
  const isList = isArray(value) && value.every((item) => typeof item === "string");
  const scopes =
    typeof value === "string" ? value.split(" ").filter((scope) => scope !== "") : isList ? value : [];
  return [...new Set(scopes)];
}

/** With `%`, `,` and all but visible ASCII percent-encoded as UTF-8. */
function encodeItem(item: string): string {
  return item.replace(/[^!-~]+|[%,]/g, (run) => {
    let encoded = "";
    for (const byte of Buffer.from(run)) encoded += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    return encoded;
  });
}
