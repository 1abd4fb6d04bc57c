/**
 * The forms of text that a policy is made of: ids, digests, times, scope tokens, and case by ASCII alone.
 *
 * JavaScript's own case mapping knows all of Unicode (U+212A lower-cases to `k`), and its lengths count UTF-16
 * units; a rule about bytes must use what stands here instead.
 */

/** Bytes of an id. */
const ID_BYTES_MAX = 128;
/** Bytes of a name that other systems give: claims, key ids, names in certificates. */
export const NAME_BYTES_MAX = 1_024;
/** Bytes of a scope token. */
const SCOPE_BYTES_MAX = 128;

/** 1 to 128 of `[A-Za-z0-9.-]`. */
export function isId(text: string): boolean {
  return text.length <= ID_BYTES_MAX && /^[A-Za-z0-9.-]+$/.test(text);
}

/** 64 digits of lower-case hexadecimal. */
export function isSha256Hex(text: string): boolean {
  return text.length === 64 && /^[0-9a-f]+$/.test(text);
}

/** Only bytes 0x21 to 0x7E, at least one. */
export function isVisibleAscii(text: string): boolean {
  return /^[!-~]+$/.test(text);
}

/** A scope token (RFC 6749 §3.3), 1 to 128 bytes. */
export function isScope(text: string): boolean {
  return text.length <= SCOPE_BYTES_MAX && /^[!#-[\]-~]+$/.test(text);
}

/** 1 to `max` bytes of UTF-8. */
export function isOfBytes(text: string, max: number): boolean {
  return text.length > 0 && text.length <= max && Buffer.byteLength(text) <= max;
}

/** Letters A to Z in lower case, everything else as it is. */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Whether `text` is `lower` but for the case of letters A to Z; `lower` has none of them. */
export function equalsAsciiLower(text: string, lower: string): boolean {
  if (text.length !== lower.length) return false;
  for (let at = 0; at < lower.length; at++) {
    const unit = text.charCodeAt(at);
    const lowered = unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit;
    if (lowered !== lower.charCodeAt(at)) return false;
  }
  return true;
}

const TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})Z$/;

/** Unix seconds of an RFC 3339 time with `Z` and whole seconds; what lies before 1970 is 0; `undefined` where it is none. */
export function parseTime(text: string): number | undefined {
  const found = text.length === 20 ? TIME.exec(text) : null;
  if (found === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  // `Date.UTC` takes years below 100 for ones of the twentieth century.
  return year < 1970 ? 0 : Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2) return isLeap ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
