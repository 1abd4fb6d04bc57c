/** What was used is told until it was taken, once a minute, and within bounds: as the Rust build has it. */

import { expect, test } from "vitest";
import { Uses } from "../src/follow/uses.ts";

test("what was used is told until it was taken, and again once it is used later", () => {
  const uses = new Uses();
  uses.note("k1", 119);
  uses.note("k2", 60);
  const first = uses.all();
  expect(first).toEqual([
    ["k1", 60],
    ["k2", 60],
  ]);
  uses.note("k1", 120);
  uses.told(first);
  expect(uses.all()).toEqual([["k1", 120]]);
});

test("there is room for so many", () => {
  const uses = new Uses();
  for (let number = 0; number <= 500; number += 1) uses.note(`k${number}`, 60);
  const all = uses.all();
  expect(all).toHaveLength(500);
  uses.told(all);
  expect(uses.all()).toEqual([]);
});
