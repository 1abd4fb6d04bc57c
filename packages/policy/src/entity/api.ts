/** What may be called: an API, compiled from its body. */

import { asciiLower } from "../form.ts";
import { isMethod } from "../method.ts";
import { isBasePath } from "../path/canonical.ts";
import { parseHostPattern } from "../path/host.ts";
import { isBelow, parsePattern, type Segment } from "../path/pattern.ts";
import { OperationTable } from "./operation.ts";
import {
  flag,
  id as idText,
  list,
  needsNothing,
  type Read,
  Reading,
  scope,
  set,
  text,
  word,
} from "./reading.ts";

/** A kind of credential. */
export type CredentialKind = "jwt" | "api_key" | "certificate";

/** An operation, as it is written. */
export interface Operation {
  /** `METHOD PATTERN`. */
  readonly match: string;
  /** `ANY`: every method of the registry. */
  readonly method: string;
  readonly pattern: readonly Segment[];
  readonly isPublic: boolean;
  /** All scopes of one of these are needed; one that is empty asks for none. */
  readonly alternatives: readonly (readonly string[])[];
}

/** An API. Where it is unsupported all of its operations refuse. */
export interface Api {
  readonly id: string;
  readonly isUnsupported: boolean;
  /** Canonical patterns: a host, `.suffix`, or (alone) the empty one for every host. */
  readonly hosts: readonly string[];
  readonly basePath: string;
  readonly accepts: ReadonlySet<CredentialKind>;
  /** In lower case. */
  readonly keyHeader: string;
  readonly forwardsToken: boolean;
  /** Whether nothing is looked at on public operations. */
  readonly ignoresOnPublic: boolean;
  readonly operations: OperationTable;
}

/** The pattern of every host. */
export const EVERY_HOST = "";
/** What an API accepts by default. */
export const DEFAULT_ACCEPTS: ReadonlySet<CredentialKind> = new Set(["jwt", "api_key"]);
/** The default key header, in lower case. */
export const DEFAULT_KEY_HEADER = "x-api-key";

/** Scopes of one operation or grant, and alternatives of one operation. */
export const SCOPES_MAX = 64;
const HOSTS_MAX = 64;
const KEY_HEADER_BYTES_MAX = 64;
/** Operations of one API, public ones among them. */
const OPERATIONS_MAX = 2_000;
const DELEGATES_MAX = 2_000;

/** Reads an API; without one where it cannot even be chosen. */
export function readApi(id: string, body: unknown, needs: unknown): { api?: Api; faults: readonly string[] } {
  const reading = new Reading(body);
  const hosts = reading.optional("hosts", list(hostPattern, 1, HOSTS_MAX));
  const basePath = reading.required("base_path", text(isBasePath));
  const canBeChosen = basePath !== undefined && (hosts !== undefined || !reading.has("hosts"));

  reading.required("team", idText);
  const accepts = reading.optional("credentials", set(word("jwt", "api_key", "certificate"), 1, 3));
  const keyHeader = reading.optional("api_key_header", text(isKeyHeader));
  const forwardsToken = reading.optional("forward_token", flag) ?? false;
  const publicCredentials = reading.optional("public_credentials", word("check", "ignore"));
  reading.optional("delegates", list(delegation, 0, DELEGATES_MAX));
  const open = reading.optional("public", list(publicOperation, 0, OPERATIONS_MAX)) ?? [];
  const guarded = reading.optional("operations", list(operation, 0, OPERATIONS_MAX)) ?? [];
  const operations = [...open, ...guarded];
  if (operations.length > OPERATIONS_MAX) reading.fault("operations");
  if (basePath !== undefined && !operations.every((each) => isBelow(each.pattern, basePath))) {
    reading.fault("operations");
  }
  if (!needsNothing(needs)) reading.fault("needs");

  const { faults } = reading;
  if (!canBeChosen) return { faults };
  const chosenBy = { id, hosts: hosts === undefined ? [EVERY_HOST] : [...new Set(hosts)], basePath };
  if (faults.length > 0) return { api: unsupported(chosenBy), faults };
  const api: Api = {
    ...chosenBy,
    isUnsupported: false,
    accepts: accepts ?? DEFAULT_ACCEPTS,
    keyHeader: asciiLower(keyHeader ?? DEFAULT_KEY_HEADER),
    forwardsToken,
    ignoresOnPublic: publicCredentials === "ignore",
    operations: new OperationTable(operations),
  };
  return { api, faults };
}

function unsupported(chosenBy: Pick<Api, "id" | "hosts" | "basePath">): Api {
  return {
    ...chosenBy,
    isUnsupported: true,
    accepts: DEFAULT_ACCEPTS,
    keyHeader: DEFAULT_KEY_HEADER,
    forwardsToken: false,
    ignoresOnPublic: false,
    operations: new OperationTable([]),
  };
}

const hostPattern: Read<string> = (value) =>
  typeof value === "string" ? parseHostPattern(value) : undefined;

const delegation: Read<true> = (value) => {
  const reading = new Reading(value);
  reading.required("path", text(isBasePath));
  reading.required("team", idText);
  return reading.faults.length === 0 ? true : undefined;
};

/** `METHOD PATTERN` with one blank. */
function parseMatch(value: unknown): Pick<Operation, "match" | "method" | "pattern"> | undefined {
  if (typeof value !== "string") return undefined;
  const blank = value.indexOf(" ");
  const method = value.slice(0, Math.max(blank, 0));
  const pattern = parsePattern(value.slice(blank + 1));
  if (pattern === undefined || (method !== "ANY" && !isMethod(method))) return undefined;
  return { match: value, method, pattern };
}

const publicOperation: Read<Operation> = (value) => {
  const match = parseMatch(value);
  return match && { ...match, isPublic: true, alternatives: [[]] };
};

/** Of two that should differ the first, which says the same. */
const scopeList = (min: number): Read<string[]> => {
  const read = list(scope, min, SCOPES_MAX);
  return (value) => {
    const scopes = read(value);
    return scopes && [...new Set(scopes)];
  };
};
const anyScopes = scopeList(0);
const alternatives = list(scopeList(1), 1, SCOPES_MAX);

const operation: Read<Operation> = (value) => {
  const reading = new Reading(value);
  const match = reading.required("match", parseMatch);
  const scopes = reading.optional("scopes", anyScopes);
  const anyOf = reading.optional("any_of", alternatives);
  if (match === undefined || reading.faults.length > 0) return undefined;
  if (reading.has("scopes") && reading.has("any_of")) return undefined;
  return { ...match, isPublic: false, alternatives: anyOf ?? [scopes ?? []] };
};

/** Fields that HTTP or the gateway itself uses. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "authorization",
  "cache-control",
  "connection",
  "cookie",
  "date",
  "early-data",
  "expect",
  "forwarded",
  "host",
  "http2-settings",
  "keep-alive",
  "max-forwards",
  "origin",
  "pragma",
  "proxy",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "proxy-status",
  "range",
  "set-cookie",
  "te",
  "traceparent",
  "tracestate",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
  "via",
  "www-authenticate",
  "x-amzn-trace-id",
  "x-apigw-api-id",
  "x-cell-id",
  "x-client-id",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-original-url",
  "x-request-id",
  "x-rewrite-url",
  "x-tenant-id",
  "x-user-id",
  "x-user-role",
]);
const RESERVED_FAMILIES = /^(?:content|if|sec|x-forwarded|x-ratelimit)-/;

function isKeyHeader(name: string): boolean {
  if (name.length > KEY_HEADER_BYTES_MAX || !/^[A-Za-z0-9-]+$/.test(name)) return false;
  const lower = asciiLower(name);
  return !RESERVED_HEADERS.has(lower) && !RESERVED_FAMILIES.test(lower);
}
