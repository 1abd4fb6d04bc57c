/**
 * One spelling for every path, or a refusal: what does a request's path mean, to us and to whatever stands behind us?
 *
 * The twin of the Rust `policy::path::canonical`. A path that two servers could read differently (dot segments, empty
 * segments, encoded separators, controls, anything before a `;` that would vanish) is refused, never repaired, and
 * nothing is decoded twice.
 */

declare const canonical: unique symbol;

/**
 * A request path in the one form that everything matches on, without its query.
 *
 * No segment is empty but the last, none is `.` or `..`, unreserved characters stand for themselves, every other
 * escape is kept in upper case, and the escapes are UTF-8 without controls.
 */
export type CanonicalPath = string & { readonly [canonical]: true };

/** From the raw path of a target, without its query; `undefined` where it has no canonical form. */
export function parsePath(raw: string): CanonicalPath | undefined {
  if (!ALLOWED.test(raw)) return undefined;
  const path = respell(raw);
  if (path === undefined) return undefined;
  const segments = path.slice(1).split(/\/|%2F/);
  const last = segments.length - 1;
  for (const [index, segment] of segments.entries()) {
    if (isRefused(segment, index === last)) return undefined;
  }
  return path as CanonicalPath;
}

/** The segments, at least one. Only the last may be empty: a trailing slash. */
export function segmentsOf(path: string): string[] {
  return path.slice(1).split("/");
}

/** Bytes of a base path: with `/**` behind it it has to be a pattern. */
const BASE_PATH_BYTES_MAX = 8_189;

/** Whether configuration text is a base path: `/`, or canonical without encoded slash, `;`, `*` and trailing slash. */
export function isBasePath(text: string): boolean {
  if (text === "/") return true;
  const isPlain = !text.endsWith("/") && !/[;*]|%2F/.test(text);
  return text.length <= BASE_PATH_BYTES_MAX && isPlain && parsePath(text) === text;
}

/** RFC 3986 §3.3: a slash, and then slashes, `pchar`s and escapes. */
const ALLOWED = /^\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/;
const UNRESERVED = /[A-Za-z0-9\-._~]/;
/** C0 controls and DEL; and C1 controls, as they are spelled in UTF-8. */
const CONTROL = /%[01][0-9A-F]|%7F|%C2%[89][0-9A-F]/;

/** With unreserved characters decoded, once, and all other escapes in upper case. */
function respell(raw: string): string | undefined {
  if (!raw.includes("%")) return raw;
  const path = raw.replace(/%../g, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return UNRESERVED.test(character) ? character : escaped.toUpperCase();
  });
  if (path.includes("%5C") || CONTROL.test(path)) return undefined;
  // Whether a run of escapes is UTF-8 in its shortest form is just what this asks.
  for (const [run] of path.matchAll(/(?:%[89A-F][0-9A-F])+/g)) {
    try {
      decodeURIComponent(run);
    } catch {
      return undefined;
    }
  }
  return path;
}

/** Dots or nothing, also before a `;`, which some servers cut off, encoded or not. The last segment may be empty. */
function isRefused(segment: string, isLast: boolean): boolean {
  const end = segment.search(/;|%3B/);
  const name = end < 0 ? segment : segment.slice(0, end);
  return name === "." || name === ".." || (name === "" && (end === 0 || !isLast));
}
