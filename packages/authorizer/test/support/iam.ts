/** A small evaluator of IAM policies, as AWS documents it: an explicit Deny wins, silence refuses, `*` and `?` are wild. */

import type { Statement } from "../../src/answer.ts";

/** What a policy says about a resource. */
export function evaluate(statements: readonly Statement[], resource: string): "allow" | "deny" | "silent" {
  const effects = statements.filter((each) => isAbout(each, resource)).map(({ Effect }) => Effect);
  if (effects.includes("Deny")) return "deny";
  return effects.includes("Allow") ? "allow" : "silent";
}

function isAbout({ Resource, NotResource }: Statement, resource: string): boolean {
  const fitsAny = (patterns: string | readonly string[]): boolean =>
    [patterns].flat().some((pattern) => expressionOf(pattern).test(resource));
  return NotResource === undefined ? fitsAny(Resource ?? []) : !fitsAny(NotResource);
}

function expressionOf(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
}
