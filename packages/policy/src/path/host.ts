/**
 * The host that a request is for, and the patterns that APIs name hosts by.
 *
 * The twin of the Rust `policy::path::host`: a value that two servers could take for different hosts is refused,
 * never repaired. Judges no addresses.
 */

import { asciiLower } from "../form.ts";

/** Bytes of a whole name (RFC 1035 §2.3.4). */
const HOST_BYTES_MAX = 253;
/** Bytes of one label (RFC 1035 §2.3.4). */
const LABEL_BYTES_MAX = 63;

declare const host: unique symbol;
/** The host of a request: lower case, without port and trailing dot; an IPv6 address in brackets, by RFC 5952. */
export type Host = string & { readonly [host]: true };

/** From a Host field's value (`uri-host [":" port]`, RFC 9110 §7.2); `undefined` where it is none. */
export function parseHost(value: string): Host | undefined {
  const found = split(value);
  return found?.host as Host | undefined;
}

/** `shop.example.com`, or `.example.com` for every host that ends so; `undefined` where the text is no pattern. */
export function parseHostPattern(text: string): string | undefined {
  if (text.startsWith("*.")) {
    const name = parseName(text.slice(2));
    return name === undefined ? undefined : `.${name}`;
  }
  const found = split(text);
  return found === undefined || found.port !== "" ? undefined : found.host;
}

/** The pattern behind one that fits a host: after the host itself its suffixes, from the longest to the shortest. */
export function nextTier(pattern: string): string | undefined {
  const dot = pattern.indexOf(".", pattern.startsWith(".") ? 1 : 0);
  return dot < 0 ? undefined : pattern.slice(dot);
}

function split(value: string): { host: string; port: string } | undefined {
  const isLiteral = value.startsWith("[");
  const end = isLiteral ? value.indexOf("]") + 1 : indexOrEnd(value, ":");
  const host = isLiteral ? parseLiteral(value.slice(0, end)) : parseName(value.slice(0, end));
  const port = value.slice(end);
  return host === undefined || !isPort(port) ? undefined : { host, port };
}

/** Nothing, or `:` and the digits of a port; five are enough for each, and a bound on leading zeros. */
function isPort(text: string): boolean {
  return text === "" || (/^:[0-9]{1,5}$/.test(text) && Number(text.slice(1)) <= 65_535);
}

/** A name in lower case, without its one trailing dot. */
function parseName(raw: string): string | undefined {
  const name = raw.endsWith(".") ? raw.slice(0, -1) : raw;
  if (name.length > HOST_BYTES_MAX || !/^[A-Za-z0-9._-]+$/.test(name)) return undefined;
  const isGood = name.split(".").every((label) => label !== "" && label.length <= LABEL_BYTES_MAX);
  return isGood ? asciiLower(name) : undefined;
}

/** `[` IPv6 `]`, in the form of RFC 5952. Zones and future literals mean nothing here and are refused. */
function parseLiteral(text: string): string | undefined {
  if (!/^\[[0-9A-Fa-f:.]+\]$/.test(text)) return undefined;
  let canonical: string;
  try {
    canonical = new URL(`http://${text}/`).hostname;
  } catch {
    return undefined;
  }
  // RFC 5952 §5: an address that carries an IPv4 address shows it.
  const mapped = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(canonical);
  if (mapped === null) return canonical;
  const bytes = mapped.slice(1).flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
  return `[::ffff:${bytes.join(".")}]`;
}

function indexOrEnd(text: string, mark: string): number {
  const at = text.indexOf(mark);
  return at < 0 ? text.length : at;
}
