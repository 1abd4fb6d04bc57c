/**
 * What an authorizer is told by its environment: read once, at its start, and every bad value refused by name.
 *
 * Nothing is read and ignored: a variable of ours that this version does not know is an error too, because a misspelt
 * one would otherwise be a rule that silently never holds. The sentences are those of the Rust build.
 */

import { parsePath } from "@switchboard/policy";
import { type Following, type Portal, readCaFile, readFollowing, readPortal } from "./following.ts";
import { bad, OURS, SettingsError } from "./settings_error.ts";

export { SettingsError } from "./settings_error.ts";

/** Longest result TTL that API Gateway takes, in seconds. */
const RESULT_TTL_S_MAX = 3_600;
/** Longest id of an API or a cell, in bytes. */
const ID_BYTES_MAX = 128;

const KNOWN = [
  "FLOOR",
  "APIS",
  "PATH_PREFIX",
  "RESPONSE",
  "RESULT_TTL_S",
  "CELL",
  "GATEWAY",
  "BUNDLE",
  "BUNDLE_TOKEN",
  "BUNDLE_TOKEN_FILE",
  "SYNC_AFTER_MS",
  "MAX_STALENESS_S",
  "ON_STALE",
  "FLOOR_MAX_AGE_S",
  "PORTAL",
  "PORTAL_TOKEN",
  "PORTAL_TOKEN_FILE",
  "CA_FILE",
].map((name) => OURS + name);

/** The settings of an authorizer. */
export interface Settings {
  /** Where the floor is. */
  readonly floor: string;
  /** Ids of the APIs that it fronts; at least one, none twice. */
  readonly apis: readonly string[];
  /** What API Gateway took away from the front of the path. */
  readonly pathPrefix: string | undefined;
  /** The form of answers to payload 2.0 of HTTP APIs; every other event is answered with a policy. */
  readonly response: "policy" | "simple";
  /** For how long API Gateway keeps an answer, in seconds; 0: not at all. */
  readonly resultTtlS: number;
  /** The id of the cell that it stands in. */
  readonly cell: string | undefined;
  /** The name of the API that it stands before, which tells its clients' keys of usage plans from another's. */
  readonly gateway: string | undefined;
  /** Where newer policy comes from; without, it decides by its floor alone. */
  readonly following: Following | undefined;
  /** Whom it tells what it decides by. */
  readonly portal: Portal | undefined;
  /** A file of certificates that may sign those of servers, in place of the usual ones. */
  readonly caFile: string | undefined;
}

/**
 * From every variable of the environment. Those of others are not looked at; an empty value is as good as none,
 * because Terraform writes one for what is left out.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const ours = Object.entries(environment).filter(([name, value]) => name.startsWith(OURS) && value);
  for (const name of ours.map(([name]) => name).sort()) {
    if (!KNOWN.includes(name)) {
      throw new SettingsError(`${name} is not a setting; there are ${KNOWN.join(", ")}`);
    }
  }
  const values = new Map(ours);
  const value = (name: string): string | undefined => values.get(OURS + name);
  const required = (name: string, write: string): string => {
    const found = value(name);
    if (found === undefined) throw new SettingsError(`${OURS}${name} is not set; ${write}`);
    return found;
  };
  const settings: Settings = {
    floor: required("FLOOR", "write the path of the floor in the package, such as /var/task/floor"),
    apis: apis(
      required("APIS", "write the ids of the APIs that this authorizer fronts, such as orders,returns"),
    ),
    pathPrefix: pathPrefix(value("PATH_PREFIX")),
    response: response(value("RESPONSE") ?? "policy"),
    resultTtlS: resultTtlS(value("RESULT_TTL_S") ?? "0"),
    cell: maybeId("CELL", value("CELL")),
    gateway: maybeId("GATEWAY", value("GATEWAY")),
    following: readFollowing(value),
    portal: readPortal(value),
    caFile: readCaFile(value),
  };
  checkTogether(settings);
  return settings;
}

/** What no single value is wrong about. */
function checkTogether({ resultTtlS, response, apis }: Settings): void {
  if (resultTtlS === 0) return;
  const ttl = String(resultTtlS);
  if (response === "simple") {
    const fault = "a simple answer that is kept would hold for every route";
    throw bad("RESULT_TTL_S", ttl, fault, "write 0, or SWITCHBOARD_RESPONSE=policy");
  }
  if (apis.length > 1) {
    const fault = "one answer that is kept can't carry the scopes of several APIs";
    throw bad("RESULT_TTL_S", ttl, fault, "write 0, or give each API an authorizer of its own");
  }
}

function apis(text: string): string[] {
  const apis: string[] = [];
  for (const part of text.split(",")) {
    const api = id("APIS", text, part.replace(/^ +| +$/g, ""));
    if (apis.includes(api)) throw bad("APIS", text, `\`${api}\` stands twice`, "name each API once");
    apis.push(api);
  }
  return apis;
}

function maybeId(name: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : id(name, text, text);
}

function id(name: string, value: string, id: string): string {
  if (id.length <= ID_BYTES_MAX && /^[A-Za-z0-9.-]+$/.test(id)) return id;
  const write = `an id has 1 to ${ID_BYTES_MAX} letters, digits, \`.\` and \`-\``;
  throw bad(name, value, `\`${id}\` is no id`, write);
}

function pathPrefix(text: string | undefined): string | undefined {
  if (text === undefined || isPrefix(text)) return text;
  const write = "write a canonical path without a slash at its end, such as /api/orders, or leave it out";
  throw bad("PATH_PREFIX", text, "not a prefix of paths", write);
}

/** Canonical, without an encoded slash, which would end it inside of a segment, and without a slash at its end. */
function isPrefix(text: string): boolean {
  return parsePath(text) === text && !text.endsWith("/") && !text.includes("%2F");
}

function response(text: string): "policy" | "simple" {
  if (text === "policy" || text === "simple") return text;
  throw bad("RESPONSE", text, "there is no such form", "write policy or simple");
}

function resultTtlS(text: string): number {
  const seconds = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (seconds <= RESULT_TTL_S_MAX) return seconds;
  const fault = "not a number of seconds that API Gateway takes";
  throw bad(
    "RESULT_TTL_S",
    text,
    fault,
    `write the result TTL that API Gateway is set to, 0 to ${RESULT_TTL_S_MAX}`,
  );
}
