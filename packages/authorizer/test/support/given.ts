/** What the cases of `contract/vectors/authorizer/` share: policies by name, and texts that stand for `{NAME}`. */

import { readFileSync } from "node:fs";
import { changesOf, Policy } from "@switchboard/policy";
import type { Source } from "../../src/authorizer.ts";

/** Where the cases are. */
export const VECTORS = new URL("../../../../contract/vectors/authorizer/", import.meta.url);

/** One case. */
export interface Case {
  readonly name: string;
  readonly shows: string;
  readonly settings: Record<string, string>;
  readonly policy?: string;
  readonly now?: number;
  readonly event?: unknown;
  readonly event_text?: string;
  readonly expect?: unknown;
  readonly start_error?: string;
}

/** A file of the cases' directory. */
export function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, VECTORS), "utf8"));
}

const policies = readJson("given/policies.json") as Record<string, unknown>;
const texts = readJson("given/texts.json") as Record<string, string>;

/** The policy of this name, as a person writes it. */
export function givenPolicy(name: string): unknown {
  const document = policies[name];
  if (document === undefined) throw new Error(`there is no policy ${name}`);
  return document;
}

/** The same, as revision 42 of the feed `test`. */
export function sourceOf(name: string): Source {
  return { policy: Policy.build(changesOf(givenPolicy(name))).policy, feed: "test", revision: 42 };
}

/** The value with every `{NAME}` in its texts replaced. */
export function fill(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/\{((?:token|key|certificate):[a-z0-9_]+)\}/g, textOf);
  if (Array.isArray(value)) return value.map(fill);
  if (typeof value !== "object" || value === null) return value;
  // Not by assignment, which knows another meaning of `__proto__`.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fill(member)]));
}

function textOf(whole: string, name: string): string {
  const text = texts[name];
  if (text === undefined) throw new Error(`no text for ${whole}`);
  return text;
}
