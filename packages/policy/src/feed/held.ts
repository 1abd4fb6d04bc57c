/**
 * From the bytes of a floor to what its last commit holds together (contract §7); nothing is believed before that.
 *
 * A floor that begins with roots is signed, and believed by them alone. What is signed without is refused, since nobody
 * says by whom it should be.
 */

import { isUtf8 } from "node:buffer";
import { memberTexts } from "../json.ts";
import { feedDigest, recordDigest } from "./digest.ts";
import {
  type Commit,
  type Deletion,
  type Entity,
  type KeyringLine,
  parseLine,
  RECORD_BYTES_MAX,
  type RootsLine,
} from "./record.ts";
import { counts, keyringAfter } from "./trust.ts";

/** A floor that holds. */
export interface Held {
  readonly commit: Commit;
  /** Who signs its feed; nothing where it is not signed. */
  readonly trust: Trust | undefined;
  /** The live records, by kind and id. */
  readonly live: readonly Live[];
  /** Lines that are no record. */
  readonly skipped: number;
  /** Records of another feed or epoch, or of a later revision, which are not live. */
  readonly foreign: number;
}

/** Who signs keyrings, and the keyring under which the commit counts. */
export interface Trust {
  readonly roots: RootsLine;
  readonly keyring: KeyringLine;
}

/** One live record, its line, and its digest as binary text. */
export interface Live {
  readonly entity: Entity;
  readonly line: Uint8Array;
  readonly digest: string;
}

/** The word for it in vectors. */
export type FloorWord =
  | "too_large"
  | "no_commit"
  | "behind_commit"
  | "unpinned"
  | "epoch"
  | "keyring"
  | "commit"
  | "count"
  | "digest";

/** Why a file is no floor. */
export class FloorError extends Error {
  override readonly name = "FloorError";
  readonly word: FloorWord;

  constructor(word: FloorWord, message: string) {
    super(message);
    this.word = word;
  }
}

/** Bytes of a floor: a million clients have about a third of it. */
export const FLOOR_BYTES_MAX = 1_073_741_824;

const CR = 0x0d;
const LF = 0x0a;

/** Reads a floor, and believes it only as a whole. */
export function holdFloor(bytes: Uint8Array): Held {
  if (bytes.length > FLOOR_BYTES_MAX) {
    throw new FloorError(
      "too_large",
      `the floor has ${bytes.length} bytes, at most ${FLOOR_BYTES_MAX} are read`,
    );
  }
  const read = readLines(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const { commit } = read;
  if (commit === undefined) {
    throw new FloorError("no_commit", "the floor has no commit: it was cut off, or this is no floor");
  }
  if (read.behind !== undefined) {
    throw new FloorError(
      "behind_commit",
      `line ${read.behind} stands behind the commit, which does not hold for it`,
    );
  }
  return judge(commit, countCommit(commit, read), read);
}

/** By whom the commit counts; throws where it does not count at all. */
function countCommit(commit: Commit, { roots, keyring, isKeyed }: Read): Trust | undefined {
  if (roots === undefined) {
    if (isKeyed || commit.signed !== undefined) {
      throw new FloorError(
        "unpinned",
        "the floor is signed, and does not begin with the roots that say by whom it should be",
      );
    }
    if (commit.epoch !== 0) {
      throw new FloorError(
        "epoch",
        `the floor's commit has the epoch ${commit.epoch}; without a signature it is 0`,
      );
    }
    return undefined;
  }
  if (keyring === undefined) {
    throw new FloorError("keyring", "the floor has no keyring that counts before its commit");
  }
  if (!counts(roots, keyring, commit)) throw new FloorError("commit", "the floor's commit does not count");
  return { roots, keyring };
}

/** The body of a live record, as it is written. */
export function bodyText({ line }: Live): string {
  const body = memberTexts(Buffer.from(line).toString("utf8"))?.get("body");
  if (body === undefined) throw new Error("a live record has a body");
  return body;
}

/** All lines, nothing of them believed. */
interface Read {
  changes: { readonly change: Entity | Deletion; readonly line: Uint8Array }[];
  /** The last. */
  commit: Commit | undefined;
  /** Those of line 1, which alone are believed. */
  roots: RootsLine | undefined;
  /** The one that counts for the last commit. */
  keyring: KeyringLine | undefined;
  /** The one that would count for another commit. */
  next: KeyringLine | undefined;
  /** A keyring came, or roots that are not believed, whatever they hold. */
  isKeyed: boolean;
  /** The number of the first line of an entity or a deletion behind the last commit, from 1. */
  behind: number | undefined;
  skipped: number;
  hasCrLf: boolean;
}

function readLines(file: Buffer): Read {
  const read: Read = {
    changes: [],
    commit: undefined,
    roots: undefined,
    keyring: undefined,
    next: undefined,
    isKeyed: false,
    behind: undefined,
    skipped: 0,
    hasCrLf: false,
  };
  // Asked once, since most files are; else each line is asked.
  const isWholeUtf8 = isUtf8(file);
  let number = 0;
  for (const line of linesOf(file)) {
    number++;
    if (line.at(-1) === CR) read.hasCrLf = true;
    const isReadable = line.length <= RECORD_BYTES_MAX && (isWholeUtf8 || isUtf8(line));
    const found = isReadable ? parseLine(line.toString("utf8")) : undefined;
    switch (found?.type) {
      case "entity":
      case "deletion":
        read.changes.push({ change: found, line });
        if (read.commit !== undefined) read.behind ??= number;
        break;
      case "commit":
        read.commit = found;
        read.keyring = read.next;
        read.behind = undefined;
        break;
      case "keyring":
        read.isKeyed = true;
        if (found.keyring === undefined) read.skipped++;
        else if (read.roots !== undefined) read.next = keyringAfter(read.roots, found.keyring, read.next);
        break;
      case "roots":
        if (number === 1) read.roots = found.roots;
        if (number > 1 || found.roots === undefined) {
          read.isKeyed = true;
          read.skipped++;
        }
        break;
      case undefined:
        read.skipped++;
    }
  }
  return read;
}

/** Lines without their LF, which the last may lack. */
function* linesOf(file: Buffer): Generator<Buffer> {
  let begin = 0;
  while (begin < file.length) {
    const found = file.indexOf(LF, begin);
    const end = found < 0 ? file.length : found;
    yield file.subarray(begin, end);
    begin = end + 1;
  }
}

function judge(commit: Commit, trust: Trust | undefined, { changes, skipped, hasCrLf }: Read): Held {
  const records = new Map<string, Live>();
  let foreign = 0;
  for (const { change, line } of changes) {
    const key = `${change.kind}/${change.id}`;
    if (change.type === "deletion") records.delete(key);
    else if (isLive(commit, change)) {
      records.set(key, { entity: change, line, digest: recordDigest(key, line) });
    } else foreign++;
  }
  const hint = hasCrLf
    ? " (its lines end in CR LF: something rewrote them; a floor is copied byte for byte)"
    : "";
  if (records.size !== commit.entities) {
    const counts = `the floor has ${records.size} live records, its commit counts ${commit.entities}`;
    throw new FloorError("count", counts + hint);
  }
  if (feedDigest(digestsOf(records)) !== commit.digest) {
    throw new FloorError("digest", `the floor's digest does not hold: a byte of it was changed${hint}`);
  }
  const live = [...records.values()].sort((a, b) => byKey(a.entity, b.entity));
  return { commit, trust, live, skipped, foreign };
}

function isLive(commit: Commit, entity: Entity): boolean {
  const isOfCommit = entity.feed === commit.feed && entity.epoch === commit.epoch;
  return isOfCommit && entity.revision <= commit.revision;
}

function* digestsOf(records: ReadonlyMap<string, Live>): Generator<readonly [string, string]> {
  for (const [key, { digest }] of records) yield [key, digest];
}

/** Kinds and ids are ASCII: units are bytes. */
function byKey(a: Entity, b: Entity): number {
  if (a.kind !== b.kind) return a.kind < b.kind ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}
