/**
 * Runs every case of `contract/vectors/feed/`: the authority on what a reader makes of a floor. Nothing is left out: a
 * case or a member that this runner cannot take fails.
 */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bodyText, FloorError, type FloorWord, holdFloor } from "../src/feed/held.ts";
import { readFloor } from "../src/index.ts";
import { CONTRACT } from "./support/tokens.ts";

interface Case {
  readonly name: string;
  readonly shows: string;
  readonly file?: string;
  readonly bytes?: readonly Part[];
  readonly expect: Expected | { readonly error: FloorWord };
}

type Part = string | { readonly hex: string } | { readonly repeat: string; readonly times: number };

interface Expected {
  readonly feed: string;
  /** Left out where it is 0. */
  readonly epoch?: number;
  readonly revision: number;
  readonly at: number;
  readonly entities: number;
  readonly digest: string;
  readonly skipped: number;
  readonly foreign: number;
  readonly records?: readonly Recorded[];
}

interface Recorded {
  readonly kind: string;
  readonly id: string;
  readonly body: string;
  readonly needs?: readonly string[];
}

const CASE_MEMBERS = ["name", "shows", "file", "bytes", "expect"];
const VECTORS = new URL("vectors/feed/", CONTRACT);

function refuseUnknown(value: object, known: readonly string[]): void {
  const unknown = Object.keys(value).find((member) => !known.includes(member));
  if (unknown !== undefined) throw new Error(`unknown member ${unknown}`);
}

function bytesOf({ file, bytes }: Case): Buffer {
  if ((file === undefined) === (bytes === undefined)) throw new Error("a case has either a file or bytes");
  if (file !== undefined) return readFileSync(new URL(file, VECTORS));
  return Buffer.concat((bytes ?? []).map(partOf));
}

function partOf(part: Part): Buffer {
  if (typeof part === "string") return Buffer.from(part);
  if ("hex" in part) {
    refuseUnknown(part, ["hex"]);
    const decoded = Buffer.from(part.hex, "hex");
    if (decoded.toString("hex") !== part.hex) throw new Error(`${part.hex} is no hexadecimal`);
    return decoded;
  }
  refuseUnknown(part, ["repeat", "times"]);
  return Buffer.from(part.repeat.repeat(part.times));
}

/** What the reader makes of a floor, in the words of the vectors. */
function read(bytes: Buffer, hasRecords: boolean): Case["expect"] {
  try {
    const { commit, live, skipped, foreign } = holdFloor(bytes);
    const { feed, epoch, revision, at, digest } = commit;
    const told = {
      feed,
      ...(epoch > 0 ? { epoch } : {}),
      revision,
      at,
      entities: live.length,
      digest,
      skipped,
      foreign,
    };
    if (!hasRecords) return told;
    const records = live.map((record) => {
      const { kind, id, needs } = record.entity;
      return { kind, id, body: bodyText(record), ...(needs.length > 0 ? { needs } : {}) };
    });
    return { ...told, records };
  } catch (error) {
    if (error instanceof FloorError) return { error: error.word };
    throw error;
  }
}

const file = JSON.parse(readFileSync(new URL("floors.json", VECTORS), "utf8")) as {
  readonly about: string;
  readonly cases: readonly Case[];
};

test("there are vectors", () => {
  refuseUnknown(file, ["about", "cases"]);
  expect(file.cases.length).toBeGreaterThan(40);
});

test.each(file.cases.map((each) => [each.name, each.shows, each] as const))("%s: %s", (_, __, each) => {
  refuseUnknown(each, CASE_MEMBERS);
  expect(each.shows).not.toBe("");
  const bytes = bytesOf(each);
  expect(read(bytes, "records" in each.expect)).toStrictEqual(each.expect);
  // Both ways into a floor refuse alike.
  if ("error" in each.expect) expect(() => readFloor(bytes)).toThrow(FloorError);
  else expect(readFloor(bytes)).toMatchObject({ epoch: each.expect.epoch ?? 0, digest: each.expect.digest });
});

const GOOD = readFileSync(new URL("good.floor", VECTORS));

test("no byte of a floor can be changed, and none be missing", () => {
  const good = read(GOOD, true) as Expected;
  for (let at = 0; at < GOOD.length; at++) {
    for (const byte of [(GOOD[at] ?? 0) ^ 1, (GOOD[at] ?? 0) ^ 0x80, 0x0a, 0x20]) {
      const bad = Buffer.from(GOOD);
      bad[at] = byte;
      const found = read(bad, true);
      // The commit's own time is what only a signature covers; so is the revision where records are older.
      if (!("error" in found)) expect(found).toMatchObject({ records: good.records, digest: good.digest });
    }
  }
  for (let end = 0; end < GOOD.length - 1; end++) {
    expect(read(GOOD.subarray(0, end), false), `cut at ${end}`).toHaveProperty("error");
  }
});

test("a file beyond 1 GiB is refused before anything of it is read", () => {
  expect(() => holdFloor(Buffer.alloc(1_073_741_825))).toThrow(
    "the floor has 1073741825 bytes, at most 1073741824 are read",
  );
});
