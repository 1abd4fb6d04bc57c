/**
 * Runs every case of `contract/vectors/feed/histories.json`: what a reader makes of a feed, line by line. Nothing is left
 * out: a case or a member that this runner cannot take fails.
 */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { holdFloor } from "../src/feed/held.ts";
import { Reader } from "../src/feed/reader.ts";
import { readLine } from "../src/feed/record.ts";
import { CONTRACT } from "./support/tokens.ts";

interface Case {
  readonly name: string;
  readonly shows: string;
  readonly floor: readonly string[];
  readonly steps: readonly Step[];
}

type Step =
  | { readonly do: "restart" }
  | {
      readonly do: "line";
      readonly line: string;
      readonly now: number;
      readonly read: string;
      readonly changes?: Readonly<Record<string, string | null>>;
    }
  | {
      readonly do: "state";
      readonly at_end: boolean;
      readonly max_staleness_s: number;
      readonly now: number;
      readonly state: string;
      readonly view: { epoch: number; revision: number; at: number; fresh_at: number } | null;
    };

/** When histories begin. */
const NOW = 1_763_900_000;

const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  case: ["name", "shows", "floor", "steps"],
  restart: ["do"],
  line: ["do", "line", "now", "read", "changes"],
  state: ["do", "at_end", "max_staleness_s", "now", "state", "view"],
};

const file = JSON.parse(readFileSync(new URL("vectors/feed/histories.json", CONTRACT), "utf8")) as {
  readonly lines: Readonly<Record<string, string>>;
  readonly cases: readonly Case[];
};

function refuseUnknown(value: object, kind: string): void {
  const unknown = Object.keys(value).find((member) => !MEMBERS[kind]?.includes(member));
  if (unknown !== undefined) throw new Error(`unknown member ${unknown} of ${kind}`);
}

function lineOf(name: string): Buffer {
  const line = file.lines[name];
  if (line === undefined) throw new Error(`no line ${name}`);
  return Buffer.from(line);
}

/** A reader that shows the floor; of roots alone one that shows nothing. */
function begin(floor: readonly string[]): Reader {
  const lines = floor.map(lineOf);
  const [first] = lines;
  if (lines.length > 1) {
    return Reader.ofFloor(holdFloor(Buffer.concat(lines.flatMap((line) => [line, Buffer.from("\n")]))), NOW);
  }
  const roots = first === undefined ? undefined : readLine(first);
  if (roots?.type !== "roots" || roots.roots === undefined) throw new Error("a case begins with roots");
  return new Reader(roots.roots);
}

function run(reader: Reader, step: Step): void {
  refuseUnknown(step, step.do);
  switch (step.do) {
    case "restart":
      reader.restart();
      break;
    case "line": {
      const { word, changes } = reader.line(lineOf(step.line), step.now);
      expect(word, step.line).toBe(step.read);
      const told = changes?.map(({ key, entity }) => [key, entity ? JSON.stringify(entity.body) : null]);
      expect(told && Object.fromEntries(told), step.line).toStrictEqual(step.changes);
      break;
    }
    case "state": {
      expect(reader.state(step.at_end, step.max_staleness_s, step.now)).toBe(step.state);
      const { view } = reader;
      const told = view && {
        epoch: view.epoch,
        revision: view.revision,
        at: view.at,
        fresh_at: view.freshAt,
      };
      expect(told ?? null).toStrictEqual(step.view);
      break;
    }
    default:
      throw new Error(`unknown step ${JSON.stringify(step)}`);
  }
}

test.each(file.cases.map((each) => [each.name, each.shows, each] as const))("%s: %s", (_, __, each) => {
  refuseUnknown(each, "case");
  const reader = begin(each.floor);
  for (const step of each.steps) run(reader, step);
});

test("there are histories", () => {
  expect(file.cases.length).toBeGreaterThan(20);
});
