/** Floors: what is whole is read, and nothing else is. */

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { FloorError, readFloor } from "../src/index.ts";

const sha256 = (...parts: Uint8Array[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

/** Feed §1, written down once more. */
function digestOf(records: ReadonlyMap<string, string>): string {
  const buckets = Array.from({ length: 256 }, (): Buffer[] => []);
  for (const [key, line] of records) {
    const length = Buffer.from([0, 0, 0, Buffer.byteLength(key)]);
    buckets[sha256(Buffer.from(key))[0] ?? 0]?.push(sha256(length, Buffer.from(key), Buffer.from(line)));
  }
  return sha256(...buckets.map((bucket) => sha256(...bucket.sort(Buffer.compare)))).toString("hex");
}

const record = (kind: string, id: string, body: unknown, more = {}): string =>
  JSON.stringify({ feed: "f", epoch: 0, revision: 1, kind, id, body, ...more });
const API = record("api", "orders", { team: "t", base_path: "/" });
const CLIENT = record("client", "app", { team: "t" });
const records = new Map([
  ["api/orders", API],
  ["client/app", CLIENT],
]);
const commit = (over: ReadonlyMap<string, string>, more = {}): string =>
  JSON.stringify({
    feed: "f",
    epoch: 0,
    revision: 1,
    entities: over.size,
    digest: digestOf(over),
    at: 7,
    ...more,
  });

function read(...lines: string[]): ReturnType<typeof readFloor> {
  return readFloor(Buffer.from(`${lines.join("\n")}\n`));
}

test("a floor is its last whole commit, in any order of records", () => {
  const floor = read(API, CLIENT, commit(records));
  expect(floor).toMatchObject({ feed: "f", epoch: 0, revision: 1, at: 7, skipped: 0, reports: [] });
  expect(floor.policy.counts()).toMatchObject({ apis: 1, clients: 1 });
  expect(read(CLIENT, API, commit(records)).policy.counts()).toEqual(floor.policy.counts());
  expect(readFloor(Buffer.from(`${API}\n${CLIENT}\n${commit(records)}`)).revision).toBe(1);
});

test("deletions and replacements", () => {
  const other = record("client", "app", { team: "other" });
  const replaced = new Map([...records, ["client/app", other]]);
  expect(read(API, CLIENT, other, commit(replaced)).policy.counts()).toMatchObject({ clients: 1 });
  const deletion = '{"key":"client/app","deleted":true}';
  expect(read(API, CLIENT, deletion, commit(new Map([["api/orders", API]]))).policy.counts()).toMatchObject({
    clients: 0,
  });
});

test("lines that are no records are counted; records of another epoch or feed are not live", () => {
  const odd = ["x", "", "[]", "{}", '{"kind":"api"}', record("a/b", "x", {}), '{"deleted":true}'];
  const strangers = [record("client", "b", {}, { epoch: 1 }), record("client", "c", {}, { feed: "g" })];
  const floor = read(...odd, API, CLIENT, ...strangers, commit(records));
  expect(floor.skipped).toBe(odd.length);
  expect(floor.policy.counts()).toMatchObject({ clients: 1 });
  const bytes = Buffer.concat([
    Buffer.from(`${API}\n${CLIENT}\n"`),
    Buffer.from([0xff]),
    Buffer.from(`"\n${commit(records)}`),
  ]);
  expect(readFloor(bytes).skipped).toBe(1);
});

test("what is needed travels with its record", () => {
  const needing = record("client", "app", { team: "t" }, { needs: ["later"] });
  const unknown = record("quota", "q", {});
  const over = new Map([
    ["client/app", needing],
    ["quota/q", unknown],
  ]);
  const { reports } = read(needing, unknown, commit(over));
  expect(reports.map(({ kind, id }) => `${kind}/${id}`)).toEqual(["client/app", "quota/q"]);
});

test.each([
  ["no commit", [API, CLIENT]],
  ["one record too few", [API, commit(records)]],
  ["one byte more", [`${API} `, CLIENT, commit(records)]],
  ["another digest", [API, CLIENT, commit(records, { digest: "0".repeat(64) })]],
  ["another count", [API, CLIENT, commit(records, { entities: 3 })]],
  ["another epoch", [API, CLIENT, commit(records, { epoch: 1 })]],
  ["a record behind the commit", [API, commit(new Map([["api/orders", API]])), CLIENT]],
  ["a deletion behind the commit", [API, CLIENT, commit(records), '{"key":"client/app","deleted":true}']],
  ["a signature that nobody can check", [API, CLIENT, commit(records, { key: "k", sig: "x" })]],
  ["root keys", ['{"feed":"f","roots":[]}', API, CLIENT, commit(records)]],
  ["a keyring", ['{"feed":"f","version":1,"epoch":0,"keys":[],"root":"r","sig":"x"}', commit(new Map())]],
  ["nothing", []],
])("refused: %s", (_, lines) => {
  expect(() => read(...lines)).toThrow(FloorError);
});
