/**
 * An answer that is kept says the same as a decision would: random APIs and prefixes; every operation, and paths that
 * nearly are one. Each answer is put to a small evaluator of IAM policies, and compared with the answers to each request
 * alone.
 */

import { changesOf, Policy } from "@switchboard/policy";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { PolicyAnswer } from "../src/answer.ts";
import { Authorizer, StartError } from "../src/authorizer.ts";
import { readSettings } from "../src/settings.ts";
import { fill, givenPolicy } from "./support/given.ts";
import { evaluate } from "./support/iam.ts";

const FRONT = "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/";
/** Those that API Gateway carries, and one that it does not. */
const METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "BREW"];
const NEAR = [
  "",
  "/",
  "x",
  "/x",
  "/b",
  "/a/b",
  "/x/y",
  "//",
  "//a",
  "/.",
  "/../a",
  "/..;/a",
  "/%2e%2e/a",
  "/%61",
  "/;x",
];

interface Made {
  readonly base: string;
  readonly open: readonly string[];
  readonly guarded: readonly { readonly match: string; readonly scopes: readonly string[] }[];
  readonly nested: boolean;
  readonly ignores: boolean;
  readonly prefix: string;
}

const made: fc.Arbitrary<Made> = fc.constantFrom("", "/a").chain((base) => {
  const segments = fc.array(fc.constantFrom("/a", "/b", "/c"), { maxLength: 2 });
  const pattern = fc.tuple(segments, fc.constantFrom("", "/", "/**", "/**"));
  const match = fc
    .tuple(fc.constantFrom("GET", "GET", "HEAD", "POST", "ANY"), pattern)
    .map(([method, [path, end]]) => `${method} ${base + path.join("") + end || "/"}`);
  return fc.record({
    base: fc.constant(base || "/"),
    open: fc.array(match, { maxLength: 1 }),
    guarded: fc.array(fc.record({ match, scopes: fc.constantFrom(["s"], ["s"], ["other"], []) }), {
      minLength: 1,
      maxLength: 5,
    }),
    nested: fc.boolean(),
    ignores: fc.boolean(),
    prefix: fc.constantFrom("", "", "/a", "/a/b"),
  });
});

function authorizerOf(each: Made, ttl: string): Authorizer {
  const orders = {
    ...{ id: "a", team: "t", base_path: each.base, public: each.open, operations: each.guarded },
    public_credentials: each.ignores ? "ignore" : "check",
  };
  const nested = { id: "b", team: "u", base_path: "/a/b", operations: [{ match: "ANY /a/b/**" }] };
  const document = {
    apis: each.nested ? [orders, nested] : [orders],
    clients: (givenPolicy("everything") as { clients: unknown[] }).clients,
  };
  const settings = readSettings({
    ...{ SWITCHBOARD_FLOOR: "floor", SWITCHBOARD_APIS: "a", SWITCHBOARD_RESULT_TTL_S: ttl },
    SWITCHBOARD_PATH_PREFIX: each.prefix,
  });
  return new Authorizer(settings, {
    policy: Policy.build(changesOf(document)).policy,
    feed: "t",
    revision: 1,
  });
}

function answerOf(
  authorizer: Authorizer,
  method: string,
  path: string,
  key: string | undefined,
): PolicyAnswer {
  const headers = key === undefined ? {} : { "x-api-key": key };
  const event = { version: "2.0", type: "REQUEST", routeArn: FRONT + method + path, headers };
  const answer = authorizer.answer(event, 0);
  if (!("policyDocument" in answer)) throw new Error(JSON.stringify(answer));
  return answer;
}

/** Paths, as API Gateway has them. */
function pathsOf({ open, guarded, prefix }: Made): Set<string> {
  const written = [...open, ...guarded.map(({ match }) => match)].map((match) =>
    match.slice(match.indexOf("/")),
  );
  const bases = ["", "/a", "/a/b", ...written.map((text) => text.replace(/\/?(\*\*)?$/, ""))];
  const near = bases.flatMap((base) => NEAR.map((end) => base + end));
  const behind = near
    .filter((path) => path.startsWith(`${prefix}/`))
    .map((path) => path.slice(prefix.length));
  return new Set(["/", ...behind]);
}

test("what is kept says what a decision would", () => {
  const key = String(fill("{key:k1}"));
  let compared = 0;
  const property = fc.property(made, (each) => {
    let keeping: Authorizer;
    try {
      keeping = authorizerOf(each, "60");
    } catch (error) {
      if (error instanceof StartError) return;
      throw error;
    }
    const alone = authorizerOf(each, "0");
    for (const shown of [key, undefined]) {
      const { context, policyDocument } = answerOf(keeping, "GET", "/", shown);
      // More than fits into an answer is denied as a whole, which the cases of the contract show.
      if ("code" in context && context.code === "policy_unsupported") return;
      const kept = policyDocument.Statement;
      for (const path of pathsOf(each)) {
        for (const method of METHODS) {
          const [first] = answerOf(alone, method, path, shown).policyDocument.Statement;
          const permits = first?.Effect === "Allow";
          const verdict = evaluate(kept, FRONT + method + path);
          if (verdict !== (permits ? "allow" : "deny")) {
            throw new Error(`${verdict} for ${method} ${path}: ${JSON.stringify(kept)}`);
          }
          compared++;
        }
      }
    }
  });
  fc.assert(property, { numRuns: 150 });
  expect(compared).toBeGreaterThan(10_000);
}, 60_000);
