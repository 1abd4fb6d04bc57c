/**
 * One line of a feed: an entity, a deletion, a commit, or something that this reader cannot take (feed §1).
 *
 * Tolerant: members that are not known are ignored. A line that is no record is none, and nothing else happens.
 */

import { isSha256Hex } from "../form.ts";

/** What a line says. */
export type Line =
  | { readonly type: "entity"; readonly key: string; readonly entity: Entity }
  | { readonly type: "deletion"; readonly key: string }
  | { readonly type: "commit"; readonly commit: Commit }
  /** A keyring, or root keys: of a signed feed. */
  | { readonly type: "trust" };

/** A record of an entity. */
export interface Entity {
  readonly feed: string;
  readonly epoch: number;
  readonly kind: string;
  readonly id: string;
  readonly body: unknown;
  readonly needs: unknown;
}

/** A commit: the records before it belong together. */
export interface Commit {
  readonly feed: string;
  readonly epoch: number;
  readonly revision: number;
  readonly entities: number;
  readonly digest: string;
  /** Unix seconds. */
  readonly at: number;
  readonly isSigned: boolean;
}

/** Bytes of a record. */
export const RECORD_BYTES_MAX = 256 * 1_024;

/** Reads one line, without its LF; `undefined` where it is no record. */
export function parseLine(line: string): Line | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const members = value as Record<string, unknown>;
  const own = (name: string): unknown => (Object.hasOwn(members, name) ? members[name] : undefined);
  if (own("deleted") === true && own("kind") === undefined) {
    const key = own("key");
    return typeof key === "string" && key.includes("/") ? { type: "deletion", key } : undefined;
  }
  if (own("kind") !== undefined || own("id") !== undefined) return parseEntity(own);
  if (own("digest") !== undefined) return parseCommit(own);
  return own("roots") !== undefined || own("keys") !== undefined ? { type: "trust" } : undefined;
}

type Own = (name: string) => unknown;

function parseEntity(own: Own): Line | undefined {
  const feed = own("feed");
  const epoch = own("epoch");
  const kind = own("kind");
  const id = own("id");
  if (!isFeedName(feed) || !isNumber(epoch) || !isNumber(own("revision"))) return undefined;
  if (typeof kind !== "string" || typeof id !== "string" || own("body") === undefined) return undefined;
  // A kind with a slash would give two records one key.
  if (kind === "" || kind.includes("/")) return undefined;
  const entity = { feed, epoch, kind, id, body: own("body"), needs: own("needs") };
  return { type: "entity", key: `${kind}/${id}`, entity };
}

function parseCommit(own: Own): Line | undefined {
  const feed = own("feed");
  const epoch = own("epoch");
  const revision = own("revision");
  const entities = own("entities");
  const digest = own("digest");
  const at = own("at");
  if (!isFeedName(feed) || !isNumber(epoch) || !isNumber(revision) || !isNumber(entities) || !isNumber(at)) {
    return undefined;
  }
  if (typeof digest !== "string" || !isSha256Hex(digest)) return undefined;
  const isSigned = own("sig") !== undefined || own("key") !== undefined;
  return { type: "commit", commit: { feed, epoch, revision, entities, digest, at, isSigned } };
}

function isFeedName(value: unknown): value is string {
  return typeof value === "string" && /^[a-z0-9-]{1,64}$/.test(value);
}

/** A whole number below 2^53. */
function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
