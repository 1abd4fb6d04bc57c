/**
 * One line of a feed: an entity, a deletion, a commit, or something that this reader cannot take (contract §7).
 *
 * Tolerant: members that are not known are ignored. A line that is no record is none, and nothing else happens.
 */

import { isUtf8 } from "node:buffer";
import { isId, isSha256Hex } from "../form.ts";
import { type PlainObject, parsePlainObject } from "../plain.ts";

/** What a line says. */
export type Line =
  | Entity
  | Deletion
  | Commit
  /** Who may sign commits; without content where it is not said in full. */
  | { readonly type: "keyring"; readonly keyring: KeyringLine | undefined }
  /** Who may sign keyrings; without content where it is not said in full. */
  | { readonly type: "roots"; readonly roots: RootsLine | undefined };

/** A record of an entity. */
export interface Entity {
  readonly type: "entity";
  readonly feed: string;
  readonly epoch: number;
  readonly revision: number;
  readonly kind: string;
  readonly id: string;
  readonly body: PlainObject;
  readonly needs: readonly string[];
}

/** An entity is gone. */
export interface Deletion {
  readonly type: "deletion";
  readonly kind: string;
  readonly id: string;
}

/** A commit: the records before it belong together. */
export interface Commit {
  readonly type: "commit";
  readonly feed: string;
  readonly epoch: number;
  readonly revision: number;
  readonly entities: number;
  readonly digest: string;
  /** Unix seconds. */
  readonly at: number;
  /** Whether it has a key or a signature, and those of them that can be read. */
  readonly signed: { readonly key?: string | undefined; readonly sig?: string | undefined } | undefined;
}

/** A keyring as a line says it; whether it may be believed is for `trust.ts`. */
export interface KeyringLine {
  readonly feed: string;
  readonly version: number;
  readonly epoch: number;
  readonly keys: readonly KeyLine[];
  readonly root: string;
  readonly sig: string;
  /** What the signature covers: all before it. Empty where it is not the last member. */
  readonly covered: string;
}

/** Roots as a line says them. */
export interface RootsLine {
  readonly feed: string;
  readonly roots: readonly KeyLine[];
}

/** A public key. */
export interface KeyLine {
  readonly id: string;
  /** 32 bytes (RFC 8032 §5.1.5), base64url. */
  readonly ed25519: string;
  /** The last `at` of a commit that it may sign. */
  readonly notAfter: number | undefined;
}

/** Keys of a keyring, and roots of a feed. */
const KEYS_MAX = 16;
const ED25519_BYTES = 32;

/** Bytes of a record, which is a line without its LF. */
export const RECORD_BYTES_MAX = 262_144;

const NOTHING_NEEDED: readonly string[] = [];

/** Reads one line, decoded, of at most `RECORD_BYTES_MAX` bytes; `undefined` where it is no record. */
export function parseLine(line: string): Line | undefined {
  const members = parsePlainObject(line);
  if (members === undefined) return undefined;
  // The order decides what a line is that has several of these.
  if (Object.hasOwn(members, "kind")) return parseEntity(members);
  if (Object.hasOwn(members, "deleted")) return parseDeletion(members);
  if (Object.hasOwn(members, "digest")) return parseCommit(members);
  if (Object.hasOwn(members, "keys")) return { type: "keyring", keyring: parseKeyring(members, line) };
  return Object.hasOwn(members, "roots") ? { type: "roots", roots: parseRoots(members) } : undefined;
}

/** Reads one line of bytes, without its LF; `undefined` where it is no record. */
export function readLine(line: Uint8Array): Line | undefined {
  if (line.length > RECORD_BYTES_MAX || !isUtf8(line)) return undefined;
  return parseLine(Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString("utf8"));
}

/** Bytes of this number, from base64url without padding (RFC 4648 §5) in its one spelling. */
export function decoded(text: unknown, length: number): Buffer | undefined {
  if (typeof text !== "string") return undefined;
  const bytes = Buffer.from(text, "base64url");
  return bytes.length === length && bytes.toString("base64url") === text ? bytes : undefined;
}

function own(members: PlainObject, name: string): unknown {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

function parseEntity(members: PlainObject): Entity | undefined {
  const feed = own(members, "feed");
  const epoch = own(members, "epoch");
  const revision = own(members, "revision");
  const kind = own(members, "kind");
  const id = own(members, "id");
  const body = own(members, "body");
  const needs = Object.hasOwn(members, "needs") ? members["needs"] : NOTHING_NEEDED;
  if (!isName(feed) || !isWhole(epoch) || !isWhole(revision) || !isName(kind)) return undefined;
  if (typeof id !== "string" || !isId(id)) return undefined;
  if (typeof body !== "object" || body === null || Array.isArray(body)) return undefined;
  if (!Array.isArray(needs) || !needs.every((word) => typeof word === "string")) return undefined;
  return { type: "entity", feed, epoch, revision, kind, id, body: body as PlainObject, needs };
}

function parseDeletion(members: PlainObject): Deletion | undefined {
  const key = own(members, "key");
  if (members["deleted"] !== true || typeof key !== "string") return undefined;
  const slash = key.indexOf("/");
  const kind = key.slice(0, Math.max(slash, 0));
  const id = key.slice(slash + 1);
  return isName(kind) && isId(id) ? { type: "deletion", kind, id } : undefined;
}

function parseCommit(members: PlainObject): Commit | undefined {
  const feed = own(members, "feed");
  const epoch = own(members, "epoch");
  const revision = own(members, "revision");
  const entities = own(members, "entities");
  const digest = own(members, "digest");
  const at = own(members, "at");
  if (!isName(feed) || !isWhole(epoch) || !isWhole(revision) || !isWhole(entities) || !isWhole(at)) {
    return undefined;
  }
  if (typeof digest !== "string" || !isSha256Hex(digest)) return undefined;
  const isSigned = Object.hasOwn(members, "sig") || Object.hasOwn(members, "key");
  const text = (name: string) => {
    const value = own(members, name);
    return typeof value === "string" ? value : undefined;
  };
  // The sum takes the sign from a negative zero.
  return {
    type: "commit",
    feed,
    epoch: epoch + 0,
    revision: revision + 0,
    entities,
    digest,
    at: at + 0,
    signed: isSigned ? { key: text("key"), sig: text("sig") } : undefined,
  };
}

function parseKeyring(members: PlainObject, line: string): KeyringLine | undefined {
  const feed = own(members, "feed");
  const version = own(members, "version");
  const epoch = own(members, "epoch");
  const keys = parseKeys(own(members, "keys"));
  const root = own(members, "root");
  const sig = own(members, "sig");
  if (!isName(feed) || !isWhole(version) || !isWhole(epoch) || keys === undefined || !isName(root))
    return undefined;
  if (typeof sig !== "string") return undefined;
  const end = `,"sig":"${sig}"}`;
  const covered = line.endsWith(end) ? line.slice(0, -end.length) : "";
  return { feed, version: version + 0, epoch: epoch + 0, keys, root, sig, covered };
}

function parseRoots(members: PlainObject): RootsLine | undefined {
  const feed = own(members, "feed");
  const roots = parseKeys(own(members, "roots"));
  return isName(feed) && roots !== undefined ? { feed, roots } : undefined;
}

/** A list of public keys, none twice. */
function parseKeys(value: unknown): readonly KeyLine[] | undefined {
  if (!Array.isArray(value) || value.length > KEYS_MAX) return undefined;
  const keys: KeyLine[] = [];
  for (const one of value as readonly unknown[]) {
    if (typeof one !== "object" || one === null || Array.isArray(one)) return undefined;
    const members = one as PlainObject;
    const id = own(members, "id");
    const ed25519 = own(members, "ed25519");
    const isAsked = Object.hasOwn(members, "not_after");
    const notAfter = own(members, "not_after");
    if (!isName(id) || keys.some((key) => key.id === id)) return undefined;
    if (typeof ed25519 !== "string" || decoded(ed25519, ED25519_BYTES) === undefined) return undefined;
    if (isAsked && !isWhole(notAfter)) return undefined;
    keys.push({ id, ed25519, notAfter: isWhole(notAfter) ? notAfter : undefined });
  }
  return keys;
}

/** The name of a feed or a kind. */
function isName(value: unknown): value is string {
  return typeof value === "string" && /^[a-z0-9-]{1,64}$/.test(value);
}

/** A whole number from 0 to 2^53 − 1. */
function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
