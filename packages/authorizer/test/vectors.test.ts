/**
 * Runs every case of `contract/vectors/authorizer/`: the exact answer to each event, and why an authorizer does not start.
 * Nothing is left out: a case or a member that this runner cannot take fails.
 */

import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Context } from "../src/answer.ts";
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
  const answer = authorizerOf(each).answer(event, each.now ?? 1_763_900_000);
  expect(answer).toEqual(each.expect);
  if ("context" in answer) checkContext(answer.context);
}

/** Of a permit every member is there, in order, and can be the value of one field; of a refusal code and sentence stand first. */
function checkContext(context: Context): void {
  const names = Object.keys(context);
  if ("code" in context) {
    const expected = ["code", "message", "client", "revision", "state"];
    expect(names).toEqual(expected.filter((name) => name !== "client" || context.client !== undefined));
    return;
  }
  expect(names).toEqual(["client", "user", "role", "tenant", "cell", "scopes", "revision", "state"]);
  const { scopes, revision: _, state: __, ...identity } = context;
  for (const text of Object.values(identity)) expect(text).toMatch(/^[!-~]*$/);
  expect(scopes).toMatch(/^([!-~]+( [!-~]+)*)?$/);
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
