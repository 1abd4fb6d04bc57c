/**
 * Where an authorizer looks for newer policy, how old what it has may get, and whom it tells.
 *
 * Read at the start with the rest of the settings. A token is never told, and never goes out readable. The sentences are
 * those of the Rust build.
 */

import { isIPv6 } from "node:net";
import { bad, OURS, SettingsError } from "./settings_error.ts";

/** A second of traffic shares one look. */
const SYNC_AFTER_MS_DEFAULT = 1_000;
const SYNC_AFTER_MS_MAX = 3_600_000;
/** As a gateway has it. */
const STALENESS_S_DEFAULT = 3_600;
const AGE_S_MAX = 31_536_000;
const URL_BYTES_MAX = 2_048;
const HOST_BYTES_MAX = 253;

/** Newer policy. */
export interface Following {
  /** Where it is looked for: a path, or a server's address whose path ends in `/bundle`. */
  readonly bundle: string | Url;
  /** What its server wants to be shown. */
  readonly token: Token | undefined;
  /** How long a look is good for, in milliseconds. */
  readonly syncAfterMs: number;
  /** How old what a feed said may get, in seconds. */
  readonly stalenessSMax: number;
  /** Where what is too old is denied: how old a floor may be as long as no feed was heard, in seconds. */
  readonly denyFloorSMax: number | undefined;
}

/** The portal that is told. */
export interface Portal {
  readonly url: Url;
  readonly token: Token;
}

/** An address over HTTP, without user, query and fragment. */
export interface Url {
  readonly isHttps: boolean;
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Empty, or from its slash on. */
  readonly path: string;
}

/** A token, or the file that has it. */
export type Token = { readonly secret: string } | { readonly file: string };

/** The value of a variable of ours, without its first word. */
export type Value = (name: string) => string | undefined;

/** Whether a text can stand in a header field as a token. */
export function isToken(text: string): boolean {
  return /^[!-~]{1,4096}$/.test(text);
}

/** The path of what stands beside the last segment. */
export function beside({ path }: Url, name: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1) + name;
}

export function readFollowing(value: Value): Following | undefined {
  const text = value("BUNDLE");
  if (text === undefined) {
    const others = ["BUNDLE_TOKEN", "BUNDLE_TOKEN_FILE", "SYNC_AFTER_MS", "MAX_STALENESS_S", "ON_STALE"];
    alone(value, [...others, "FLOOR_MAX_AGE_S"], "SWITCHBOARD_BUNDLE");
    return undefined;
  }
  const bundle = readBundle(text);
  const token = readToken(value, "BUNDLE_TOKEN", "BUNDLE_TOKEN_FILE");
  if (token !== undefined) {
    if (typeof bundle === "string") {
      alone(value, ["BUNDLE_TOKEN", "BUNDLE_TOKEN_FILE"], "a URL in SWITCHBOARD_BUNDLE");
    } else checkPrivate("BUNDLE", text, bundle);
  }
  const syncAfterMs =
    number(value, "SYNC_AFTER_MS", "milliseconds", 0, SYNC_AFTER_MS_MAX) ?? SYNC_AFTER_MS_DEFAULT;
  const stalenessSMax = number(value, "MAX_STALENESS_S", "seconds", 1, AGE_S_MAX) ?? STALENESS_S_DEFAULT;
  if (syncAfterMs >= stalenessSMax * 1_000) {
    const fault =
      "not less than SWITCHBOARD_MAX_STALENESS_S, so that policy would be too old before anybody looked";
    throw bad("SYNC_AFTER_MS", String(syncAfterMs), fault, `write less than ${stalenessSMax * 1_000}`);
  }
  return { bundle, token, syncAfterMs, stalenessSMax, denyFloorSMax: readDeny(value) };
}

/** How old a floor may be where what is too old is denied. */
function readDeny(value: Value): number | undefined {
  const text = value("ON_STALE") ?? "serve";
  if (text === "serve") {
    alone(value, ["FLOOR_MAX_AGE_S"], "SWITCHBOARD_ON_STALE=deny");
    return undefined;
  }
  if (text !== "deny") throw bad("ON_STALE", text, "there is no such rule", "write serve or deny");
  const floorSMax = number(value, "FLOOR_MAX_AGE_S", "seconds", 1, AGE_S_MAX);
  if (floorSMax !== undefined) return floorSMax;
  throw new SettingsError(
    "SWITCHBOARD_FLOOR_MAX_AGE_S is not set; with SWITCHBOARD_ON_STALE=deny write how old a floor may be, " +
      "in seconds, as long as no feed was heard: a new process would begin with it",
  );
}

export function readPortal(value: Value): Portal | undefined {
  const text = value("PORTAL");
  if (text === undefined) {
    alone(value, ["PORTAL_TOKEN", "PORTAL_TOKEN_FILE"], "SWITCHBOARD_PORTAL");
    return undefined;
  }
  const parsed = parseUrl(text);
  if (parsed === undefined) {
    const write =
      "write http:// or https://, a host, maybe a port and a path, without user, query and fragment, such as " +
      "https://portal.example.com";
    throw bad("PORTAL", told(text), "not the address of a portal", write);
  }
  const url = { ...parsed, path: parsed.path.replace(/\/$/, "") };
  checkPrivate("PORTAL", text, url);
  const token = readToken(value, "PORTAL_TOKEN", "PORTAL_TOKEN_FILE");
  if (token !== undefined) return { url, token };
  throw new SettingsError(
    "SWITCHBOARD_PORTAL_TOKEN is not set; with SWITCHBOARD_PORTAL write an enrolment token, or name its file in " +
      "SWITCHBOARD_PORTAL_TOKEN_FILE",
  );
}

export function readCaFile(value: Value): string | undefined {
  const isHttps = ["BUNDLE", "PORTAL"].some((name) => value(name)?.startsWith("https://"));
  if (!isHttps) alone(value, ["CA_FILE"], "an https:// address in SWITCHBOARD_BUNDLE or SWITCHBOARD_PORTAL");
  return value("CA_FILE");
}

function readBundle(text: string): string | Url {
  if (text.startsWith("/")) return text;
  const url = parseUrl(text);
  if (url?.path.endsWith("/bundle")) return url;
  const write =
    "write a path from / on, or http:// or https://, a host, maybe a port, and a path that ends in /bundle, " +
    "without user, query and fragment, such as https://relay.example.com/bundle";
  throw bad("BUNDLE", told(text), "not where a bundle is", write);
}

const URL_FORM =
  /^(https?):\/\/(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::([0-9]{1,16}))?((?:\/[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*)?)$/;

function parseUrl(text: string): Url | undefined {
  const found = URL_FORM.exec(text);
  if (found === null || text.length > URL_BYTES_MAX) return undefined;
  const [, scheme, address, name, digits, path = ""] = found;
  const isHttps = scheme === "https";
  const host = address ?? name ?? "";
  const port = digits === undefined ? (isHttps ? 443 : 80) : Number(digits);
  if (port < 1 || port > 65_535 || host.length > HOST_BYTES_MAX) return undefined;
  if (address !== undefined && !isIPv6(address)) return undefined;
  return { isHttps, host, port, path };
}

/** A user or a query may be a secret. */
function told(url: string): string {
  return /[@?]/.test(url) ? "…" : url;
}

/** Nothing is set of what has no effect. */
function alone(value: Value, names: readonly string[], other: string): void {
  const found = names.find((name) => value(name) !== undefined);
  if (found === undefined) return;
  throw new SettingsError(`${OURS}${found} has no effect without ${other}; leave it out, or set ${other}`);
}

function readToken(value: Value, given: string, file: string): Token | undefined {
  const secret = value(given);
  const path = value(file);
  if (secret !== undefined && path !== undefined) {
    throw new SettingsError(`${OURS}${given} and ${OURS}${file} are both set; keep one of them`);
  }
  if (secret === undefined) return path === undefined ? undefined : { file: path };
  if (isToken(secret)) return { secret };
  throw new SettingsError(
    `${OURS}${given} is no token; write 1 to 4096 visible ASCII characters, as the portal gave them`,
  );
}

/** A token does not go where others read it. */
function checkPrivate(name: string, text: string, { isHttps, host }: Url): void {
  if (isHttps || ["localhost", "127.0.0.1", "::1"].includes(host)) return;
  throw bad(name, told(text), "its token would travel where others can read it", "write https://");
}

function number(value: Value, name: string, unit: string, least: number, most: number): number | undefined {
  const text = value(name);
  if (text === undefined) return undefined;
  const number = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw bad(name, text, `not a whole number of ${unit} that it may be`, `write ${least} to ${most}`);
}
