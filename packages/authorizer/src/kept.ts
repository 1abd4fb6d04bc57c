/**
 * What an answer says that API Gateway keeps: from the decision at a sample of each pattern to the statements that give
 * the same decision everywhere.
 */

import { type Decision, type Facts, type Permit, type Policy, parsePath } from "@switchboard/policy";
import { denyAllBut, type Statement, statement } from "./answer.ts";
import { type Arn, RESOURCE_BYTES_MAX } from "./arn.ts";
import { cachedOf, NEVER } from "./cached.ts";
import { findInexact, type Inexact } from "./exact.ts";

/** The one API whose answers are kept. */
export class Kept {
  readonly #patterns: readonly string[];
  readonly #nested: readonly string[];
  readonly #prefix: string | undefined;
  /** An operation that statements can't say exactly. */
  readonly inexact: Inexact | undefined;

  constructor(policy: Policy, apiId: string, prefix: string | undefined) {
    const api = policy.contents.apis.get(apiId);
    const basePath = api?.basePath ?? "/";
    const operations = api?.operations.all ?? [];
    this.#patterns = sorted(operations.map(({ match }) => match.slice(match.indexOf(" ") + 1)));
    const front = basePath === "/" ? "/" : `${basePath}/`;
    const others = [...policy.contents.apis.values()].map((other) => other.basePath);
    this.#nested = sorted(others.filter((other) => other.startsWith(front) && other !== basePath));
    this.#prefix = prefix;
    this.inexact = findInexact(
      operations.map(({ match }) => match),
      others,
    );
  }

  /** None where nothing is granted; and a permit that tells who the client is, of a guarded operation if there is one. */
  statements(
    arn: Arn,
    decideAt: (at: Pick<Facts, "path" | "method">) => Decision,
  ): { statements: Statement[]; identity: Permit | undefined } {
    let identity: Permit | undefined;
    let isOpen = true;
    const { allow, deny, wildcard } = cachedOf(
      this.#patterns,
      this.#nested,
      this.#prefix,
      (sample, method) => {
        const path = parsePath(sample);
        const decision = path === undefined ? undefined : decideAt({ path, method });
        if (decision?.decision !== "permit") return false;
        if (isOpen) {
          const isPublic = decision.reasons().some((reason) => reason.startsWith("public/"));
          if (!isPublic || identity === undefined) identity = decision;
          isOpen = isPublic;
        }
        return true;
      },
    );
    if (allow.length === 0) return { statements: [], identity };
    const granted = allow.map((resource) => arn.front + resource);
    const statements = [statement("Allow", granted), denyAllBut(granted)];
    const never = wildcard ? NEVER.map((each) => `arn:${arn.partition}:execute-api:*:*:${each}`) : [];
    const refused = [...deny.map((resource) => arn.front + resource), ...never];
    if (refused.length > 0) statements.push(statement("Deny", refused));
    return { statements, identity };
  }

  /** Whether no resource is longer than API Gateway takes. */
  isWritable(statements: readonly Statement[]): boolean {
    const resources = statements.flatMap(({ Resource, NotResource }) => Resource ?? NotResource ?? []);
    return resources.every((resource) => resource.length <= RESOURCE_BYTES_MAX);
  }
}

/** Each once, in byte order: what stands in a policy is ASCII here. */
function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
