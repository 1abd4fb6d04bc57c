/**
 * Events that nobody should have sent: those of the vectors, changed at random in their members and in their text.
 */

import type { Random } from "../../../policy/test/differential/random.ts";

type Path = readonly (string | number)[];

/** How deep members are changed; some events of the vectors are deeper than a stack. */
const DEPTH_MAX = 12;

/** Values that stand where others belong. */
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -0,
  1e21,
  "",
  " ",
  "2.0",
  "1.0",
  "TOKEN",
  "REQUEST",
  "toString",
  [],
  [[]],
  [null],
  [""],
  ["a", null],
  ["a", "a"],
  {},
  { length: 1 },
  { "0": "a" },
];

/** Names that a member may come to have. */
const NAMES = [
  "__proto__",
  "constructor",
  "Authorization",
  "authorization",
  "AUTHORIZATION",
  "x-api-key",
  "X-Api-Key",
  "X_Api_Key",
  "x-api-\u212aey",
  "\u0130",
  "0",
  "",
  "headers",
  "multiValueHeaders",
  "path",
  "rawPath",
  "httpMethod",
  "methodArn",
  "routeArn",
  "type",
  "version",
  "identity",
  "authentication",
  "clientCert",
  "requestContext",
  "requestId",
  "X-User-Id",
  "x-user-id",
  "X_User_Id",
  "X-User_Role",
  "X-CLIENT-ID",
  "x_tenant_id",
  "X-Cell-Id",
  "X-HTTP-Method-Override",
  "x_http_method_override",
];

/** What a text may come to hold. */
const PIECES = [
  "/",
  "//",
  "/../",
  "/.",
  ";",
  "%2f",
  "%2F",
  "%2e",
  "%2E",
  "%41",
  "%c3%a9",
  "%C3%A9",
  "%C3",
  "%00",
  "%25",
  "%",
  "*",
  "?",
  "#",
  "$",
  "$\u007baws:x}",
  "$connect",
  "$default",
  ":",
  "\\",
  " ",
  "\t",
  "\n",
  "\u0000",
  "\u00a0",
  "\u00e9",
  "\u017f",
  "\u2028",
  "\ud83d\ude00",
  "\ud800",
  ".",
  ",",
  "sb_",
  "Bearer ",
  "x".repeat(600),
];

/** The text of a changed event. `base`: an event of the vectors. */
export function makeEvent(random: Random, base: unknown): string {
  let event: unknown = structuredClone(base);
  const changes = 1 + random.below(3);
  for (let round = 0; round < changes; round++) event = changed(random, event);
  const text = JSON.stringify(event) ?? "null";
  return random.oneIn(4) ? changedText(random, text) : text;
}

function changed(random: Random, event: unknown): unknown {
  const places = [...pathsOf(event, [])];
  const path = random.pick(places);
  const last = path.at(-1);
  if (last === undefined) return random.oneIn(50) ? structuredClone(random.pick(VALUES)) : event;
  const holder = at(event, path.slice(0, -1)) as Record<string | number, unknown>;
  const value = holder[last];
  switch (random.below(typeof value === "string" ? 8 : 5)) {
    case 0:
      put(holder, last, structuredClone(random.pick(VALUES)));
      break;
    case 1:
      if (Array.isArray(holder)) holder.splice(Number(last), 1);
      else delete holder[last];
      break;
    case 2:
      if (Array.isArray(holder)) holder.push(structuredClone(value));
      else put(holder, random.pick(NAMES), structuredClone(value));
      break;
    case 3:
      // Something from elsewhere in the event.
      put(holder, last, structuredClone(at(event, random.pick(places))));
      break;
    case 4:
      if (!Array.isArray(holder)) put(holder, respelled(random, String(last)), structuredClone(value));
      break;
    default:
      put(holder, last, changedString(random, value as string));
  }
  return event;
}

function changedString(random: Random, text: string): string {
  const begin = random.below(text.length + 1);
  switch (random.below(4)) {
    case 0:
      return text.slice(0, begin) + text.slice(begin + 1 + random.below(4));
    case 1:
      return recased(random, text);
    default:
      return text.slice(0, begin) + random.pick(PIECES) + text.slice(begin);
  }
}

/** Bytes of the text itself: members that stand twice, escapes, numbers that no double holds, what is no JSON. */
function changedText(random: Random, text: string): string {
  const members = [...text.matchAll(/"[^"\\]*":/g)];
  const member = members.length > 0 ? random.pick(members) : undefined;
  const begin = member?.index ?? random.below(text.length);
  const insert = (piece: string): string => text.slice(0, begin) + piece + text.slice(begin);
  switch (random.below(6)) {
    case 0:
      return insert(`${member?.[0] ?? '"a":'}${JSON.stringify(random.pick(VALUES))},`);
    case 1:
      return insert(
        random.pick(['"\\ud800":1,', '"\\u0000":"",', '"a":"\\udfff",', '"a":1e999,', '"a":-0,']),
      );
    case 2:
      return insert(`"deep":${"[".repeat(2_000)}${"]".repeat(2_000)},`);
    case 3:
      return text.replaceAll("/", "\\/");
    case 4:
      return text.replace(/[A-Za-z]/g, (letter) =>
        random.oneIn(20) ? `\\u00${letter.charCodeAt(0).toString(16)}` : letter,
      );
    default: {
      const place = random.below(text.length);
      return text.slice(0, place) + random.pick(["", '"', "\\", "{", "1", "\u0001"]) + text.slice(place + 1);
    }
  }
}

/** As another case, and as what CGI makes of it. */
function respelled(random: Random, name: string): string {
  const spelled = random.oneIn(2) ? recased(random, name) : name;
  return random.oneIn(2) ? spelled : spelled.replace(/-/g, (hyphen) => (random.oneIn(2) ? "_" : hyphen));
}

function recased(random: Random, text: string): string {
  return [...text]
    .map((letter) => (random.oneIn(2) ? letter : letter < "a" ? letter.toLowerCase() : letter.toUpperCase()))
    .join("");
}

function* pathsOf(value: unknown, path: Path): Iterable<Path> {
  yield path;
  if (typeof value !== "object" || value === null || path.length >= DEPTH_MAX) return;
  for (const [name, member] of Object.entries(value)) {
    yield* pathsOf(member, [...path, Array.isArray(value) ? Number(name) : name]);
  }
}

function at(value: unknown, path: Path): unknown {
  return path.reduce((found, step) => (found as Record<string | number, unknown>)[step], value);
}

/** Not by assignment, which knows another meaning of `__proto__`. */
function put(holder: object, name: string | number, value: unknown): void {
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
}
