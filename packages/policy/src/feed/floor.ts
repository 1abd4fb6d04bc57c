/**
 * A floor: the policy that was baked in at deploy time, read from one file and checked as a whole (feed §1).
 *
 * Its view is that of the last commit whose count and digest hold; records behind that are not shown. This version
 * reads floors without keys: what is signed is refused, since nothing here could say whether the signature is good.
 */

import { isUtf8 } from "node:buffer";
import type { Change, Report } from "../contents.ts";
import { Policy } from "../policy.ts";
import { feedDigest, recordDigest } from "./digest.ts";
import { type Commit, type Entity, parseLine, RECORD_BYTES_MAX } from "./record.ts";

/** A policy, and what says that it is whole. */
export interface Floor {
  readonly policy: Policy;
  readonly reports: readonly Report[];
  readonly feed: string;
  readonly epoch: number;
  readonly revision: number;
  /** Unix seconds of its commit. */
  readonly at: number;
  /** How many lines were no records. */
  readonly skipped: number;
}

/** Why a file is no floor. */
export class FloorError extends Error {
  override readonly name = "FloorError";
}

/** Entities of one floor. */
const ENTITIES_MAX = 4_000_000;

interface Live {
  readonly entity: Entity;
  /** Binary text. */
  readonly digest: string;
}

/** Reads a whole floor. */
export function readFloor(bytes: Uint8Array): Floor {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records = new Map<string, Live>();
  let held: { commit: Commit; entities: Entity[] } | undefined;
  let skipped = 0;
  let refused: string | undefined;
  // Asked once, since most files are; else each line is asked.
  const isWholeUtf8 = isUtf8(file);
  for (const line of linesOf(file)) {
    const isReadable = line.length <= RECORD_BYTES_MAX && (isWholeUtf8 || isUtf8(line));
    const read = isReadable ? parseLine(line.toString("utf8")) : undefined;
    switch (read?.type) {
      case "entity":
        records.set(read.key, { entity: read.entity, digest: recordDigest(read.key, line) });
        if (records.size > ENTITIES_MAX) throw new FloorError(`more than ${ENTITIES_MAX} entities`);
        break;
      case "deletion":
        records.delete(read.key);
        break;
      case "trust":
        throw new FloorError("a signed floor is not in this version");
      case "commit":
        refused = whyNot(read.commit, records);
        if (refused === undefined) held = { commit: read.commit, entities: liveOf(read.commit, records) };
        break;
      case undefined:
        skipped++;
    }
  }
  if (held === undefined) throw new FloorError(refused ?? "there is no commit");
  const { policy, reports } = Policy.build(held.entities.map(changeOf));
  const { feed, epoch, revision, at } = held.commit;
  return { policy, reports, feed, epoch, revision, at, skipped };
}

/** Lines without their LF, which the last may lack. */
function* linesOf(file: Buffer): Generator<Buffer> {
  let begin = 0;
  while (begin < file.length) {
    const found = file.indexOf(0x0a, begin);
    const end = found < 0 ? file.length : found;
    yield file.subarray(begin, end);
    begin = end + 1;
  }
}

/** Why a commit does not hold over these records. */
function whyNot(commit: Commit, records: ReadonlyMap<string, Live>): string | undefined {
  if (commit.isSigned) throw new FloorError("a signed commit is not in this version");
  if (commit.epoch !== 0) return "a commit without signature has epoch 0";
  const live = [...records].filter(([, { entity }]) => isOf(commit, entity));
  if (live.length !== commit.entities) {
    return `the commit is over ${commit.entities} entities, and there are ${live.length}`;
  }
  const digest = feedDigest(live.map(([key, record]) => [key, record.digest] as const));
  return digest === commit.digest ? undefined : "the digest of the commit does not hold";
}

function liveOf(commit: Commit, records: ReadonlyMap<string, Live>): Entity[] {
  return [...records.values()].map(({ entity }) => entity).filter((entity) => isOf(commit, entity));
}

/** Only records of the commit's feed and epoch are live. */
function isOf(commit: Commit, entity: Entity): boolean {
  return entity.epoch === commit.epoch && entity.feed === commit.feed;
}

function changeOf({ kind, id, body, needs }: Entity): Change {
  return { kind, id, body, needs };
}
