/**
 * Runs every case of `contract/vectors/`: the authority on what a policy means. Nothing is left out: a file, a case or a
 * member that this runner cannot take fails.
 */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ALL_CODES, messageOf, permitted, registered, statusOf } from "../src/index.ts";
import {
  type Fetched,
  factsOf,
  type Outcome,
  outcomeOf,
  policyOf,
  type Recorded,
  type Request,
  whole,
} from "../tools/cases.ts";
import { CONTRACT, makeToken, type TokenRecipe } from "./support/tokens.ts";

interface Case {
  readonly name: string;
  readonly shows: string;
  readonly now?: number;
  readonly request?: Request;
  readonly expect?: Partial<Outcome>;
  readonly policy?: unknown;
  readonly change?: readonly Recorded[];
  readonly tokens?: Record<string, TokenRecipe>;
  readonly fetched?: Fetched;
  /** What `permitted` gives to this client, in place of a request. */
  readonly permitted?: readonly string[];
  readonly client?: string;
  readonly api?: string;
}

interface File {
  readonly about: string;
  readonly policy?: unknown;
  readonly tokens?: Record<string, TokenRecipe>;
  readonly fetched?: Fetched;
  readonly cases: readonly Case[];
}

const FILE_MEMBERS = ["about", "policy", "tokens", "fetched", "cases"];
const CASE_MEMBERS = [
  ...["name", "shows", "now", "request", "expect", "policy", "change", "tokens", "fetched"],
  ...["permitted", "client", "api"],
];
const VECTORS = new URL("vectors/", CONTRACT);

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, VECTORS), "utf8"));
}

function refuseUnknown(value: object, known: readonly string[]): void {
  const unknown = Object.keys(value).find((member) => !known.includes(member));
  if (unknown !== undefined) throw new Error(`unknown member ${unknown}`);
}

let shared: Record<string, unknown> | undefined;

function documentOf(policy: unknown): unknown {
  if (typeof policy !== "string") return policy;
  shared ??= readJson("policies.json") as Record<string, unknown>;
  const document = shared[policy];
  if (document === undefined) throw new Error(`policies.json has no ${policy}`);
  return document;
}

function withTokens(request: Request, recipes: Record<string, TokenRecipe>): Request {
  const used = new Map<string, string>();
  const fill = (value: string): string =>
    value.replace(/\{([A-Za-z0-9_-]+)\}/g, (whole, name: string) => {
      const recipe = recipes[name];
      if (recipe === undefined) throw new Error(`no token ${whole}`);
      const token = used.get(name) ?? makeToken(recipe);
      used.set(name, token);
      return token;
    });
  const headers = (request.headers ?? []).map(([name, value]) => [name, fill(value)] as const);
  return { ...request, headers };
}

function run(file: File, each: Case): void {
  refuseUnknown(each, CASE_MEMBERS);
  const document = documentOf(each.policy ?? file.policy);
  if (document === undefined) throw new Error("the case has no policy");
  const policy = policyOf(document, each.change, { ...file.fetched, ...each.fetched });
  const { permitted: operations, client, api } = each;
  if (operations !== undefined) {
    if (client === undefined || api === undefined) throw new Error("`permitted` needs client and api");
    if (each.request || each.now !== undefined || each.expect) throw new Error("`permitted` has no request");
    expect(permitted(policy, registered(client), api).map(({ match }) => match)).toEqual(operations);
    return;
  }
  if (each.request === undefined || each.now === undefined || each.expect === undefined) {
    throw new Error("the case has no request, now or expect");
  }
  const request = withTokens(each.request, { ...file.tokens, ...each.tokens });
  expect(outcomeOf(policy, factsOf(request), each.now)).toEqual(whole(each.expect));
}

const files = readdirSync(new URL("policy/", VECTORS)).filter((name) => name.endsWith(".json"));

test("there are vectors", () => {
  expect(files).not.toEqual([]);
});

for (const name of files) {
  const file = readJson(`policy/${name}`) as File;
  describe(`${name}: ${file.about}`, () => {
    refuseUnknown(file, FILE_MEMBERS);
    expect(file.cases.length).toBeGreaterThan(0);
    for (const each of file.cases) test(`${each.name}: ${each.shows}`, () => run(file, each));
  });
}

test("codes, status and messages are those of the contract", () => {
  const ours = ALL_CODES.map((code) => ({ code, status: statusOf(code), message: messageOf(code) }));
  expect(ours).toEqual(readJson("codes.json"));
  // An authorizer's answer has to be able to stand in a JSON string as it is.
  for (const { code, message } of ours) expect(message, code).toMatch(/^[ !#-[\]-~]+$/);
});
