/**
 * One line of a feed: an entity, a deletion, a commit, or something that this reader cannot take (contract §7).
 *
 * Tolerant: members that are not known are ignored. A line that is no record is none, and nothing else happens.
 */

import { isId, isSha256Hex } from "../form.ts";
import { type PlainObject, parsePlainObject } from "../plain.ts";

/** What a line says. */
export type Line =
  | Entity
  | Deletion
  | Commit
  /** A keyring, or root keys: of a signed feed. */
  | { readonly type: "trust" };

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
  readonly isSigned: boolean;
}

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
  return Object.hasOwn(members, "keys") || Object.hasOwn(members, "roots") ? { type: "trust" } : undefined;
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
  // The sum takes the sign from a negative zero.
  return {
    type: "commit",
    feed,
    epoch: epoch + 0,
    revision: revision + 0,
    entities,
    digest,
    at: at + 0,
    isSigned,
  };
}

/** The name of a feed or a kind. */
function isName(value: unknown): value is string {
  return typeof value === "string" && /^[a-z0-9-]{1,64}$/.test(value);
}

/** A whole number from 0 to 2^53 − 1. */
function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
