/**
 * Runs every case of `contract/vectors/authorizer/`: the exact answer to each event, and why an authorizer does not start.
 * Nothing is left out: a case or a member that this runner cannot take fails.
 */

import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Authorizer, StartError } from "../src/authorizer.ts";
import { readSettings, SettingsError } from "../src/settings.ts";
import { type Case, fill, readJson, sourceOf, VECTORS } from "./support/given.ts";

const CASE_MEMBERS = [
  "name",
  "shows",
  "settings",
  "policy",
  "now",
  "event",
  "event_text",
  "expect",
  "start_error",
];

function authorizerOf(each: Case): Authorizer {
  const settings = readSettings({ SWITCHBOARD_FLOOR: "floor", ...each.settings });
  return new Authorizer(settings, sourceOf(each.policy ?? "shop"));
}

function startErrorOf(each: Case): string | undefined {
  try {
    authorizerOf(each);
  } catch (error) {
    if (error instanceof SettingsError || error instanceof StartError) return error.message;
    throw error;
  }
  return undefined;
}

function run(each: Case): void {
  const unknown = Object.keys(each).find((member) => !CASE_MEMBERS.includes(member));
  expect(unknown, "a member that the runner does not know").toBeUndefined();
  if (each.start_error !== undefined) {
    expect(startErrorOf(each)).toBe(each.start_error);
    return;
  }
  const event = fill(each.event_text === undefined ? each.event : JSON.parse(each.event_text));
  expect(authorizerOf(each).answer(event, each.now ?? 1_763_900_000)).toEqual(each.expect);
}

const files = readdirSync(VECTORS).filter((name) => name.endsWith(".json"));

test("there are vectors", () => {
  expect(files).not.toEqual([]);
});

for (const name of files) {
  const file = readJson(name) as { about: string; cases: Case[] };
  describe(`${name}: ${file.about}`, () => {
    expect(file.cases.length).toBeGreaterThan(0);
    for (const each of file.cases) test(`${each.name}: ${each.shows}`, () => run(each));
  });
}
