/**
 * An answer that is kept says the same as a decision would: random APIs, clients and prefixes; every operation, and paths
 * that nearly are one. Each answer is put to a small evaluator of IAM policies and compared with `decide`.
 */

import { changesOf, Policy } from "@switchboard/policy";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { PolicyAnswer } from "../src/answer.ts";
import { Authorizer, StartError } from "../src/authorizer.ts";
import { readSettings } from "../src/settings.ts";
import { textOf } from "./support/given.ts";
import { evaluate } from "./support/iam.ts";

const FRONT = "arn:aws:execute-api:eu-central-1:123456789012:abcdef123/prod/";
const METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
const KEY = textOf("{key:k1}", "key:k1");
const SHA256 = "e7a8bb5a5b6e2dd2b5f9ff1f1b2b2b1a";

const segment = fc.constantFrom("a", "b", "c");
const path = fc.array(segment, { maxLength: 3 }).map((segments) => segments.map((each) => `/${each}`).join(""));
const pattern = fc.oneof(
  path.map((text) => text || "/"),
  path.map((text) => `${text}/**`),
  path.map((text) => `${text}/`),
);
const operation = fc.record({
  match: fc.tuple(fc.constantFrom(...METHODS, "ANY"), pattern).map(([method, text]) => `${method} ${text}`),
  scopes: fc.constantFrom(undefined, ["s"], ["other"]),
});
