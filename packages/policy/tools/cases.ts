/**
 * Requests and outcomes as vectors write them (contract §6): to facts, and from a decision.
 *
 * Used by the vector runner and by the program that the differential test compares. A member that is not known fails.
 */

import {
  type Certificate,
  type Change,
  changesOf,
  type Decision,
  decide,
  type Facts,
  type Field,
  Policy,
  parsePath,
  present,
  verify,
} from "../src/index.ts";

/** A request of a vector, with what its decision depends on. */
export interface Request {
  readonly host?: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: readonly Field[];
  readonly certificate?: Certificate;
  readonly apis?: readonly string[];
  readonly cell?: string;
}

/** A record of a vector. */
export type Recorded =
  | { readonly kind: string; readonly id: string; readonly body: unknown; readonly needs?: unknown }
  | { readonly kind: string; readonly id: string; readonly deleted: true };

/** Keys that were fetched, by issuer id. */
export type Fetched = Readonly<Record<string, readonly unknown[]>>;

/** What a vector expects of a decision. */
export interface Outcome {
  readonly decision: "permit" | "reject";
  readonly code?: string;
  readonly status: number;
  readonly detail?: string;
  readonly headers: readonly Field[];
  readonly remove: readonly string[];
  readonly scopes: readonly string[];
  readonly plan?: string;
  readonly reasons: readonly string[];
}

const REQUEST_MEMBERS = new Set(["host", "method", "path", "headers", "certificate", "apis", "cell"]);

/** The facts of a request. */
export function factsOf(request: Request): Facts {
  const unknown = Object.keys(request).find((member) => !REQUEST_MEMBERS.has(member));
  if (unknown !== undefined) throw new Error(`a request has no member ${unknown}`);
  const path = parsePath(request.path);
  if (path !== request.path) throw new Error(`${request.path} is not canonical`);
  const { host, method, headers = [], certificate, apis, cell } = request;
  return { host, method, path, headers, certificate, apis, cell };
}

/** An outcome with its empty lists, which may be left out where it is written. */
export function whole(outcome: Partial<Outcome>): Partial<Outcome> {
  return { headers: [], remove: [], scopes: [], reasons: [], ...outcome };
}

/** A policy of a document, after changes, with keys that were fetched. */
export function policyOf(document: unknown, change: readonly Recorded[] = [], fetched: Fetched = {}): Policy {
  return changed(Policy.build(changesOf(document)).policy, change, fetched);
}

/** A policy after changes, with keys that were fetched. */
export function changed(before: Policy, change: readonly Recorded[], fetched: Fetched): Policy {
  let policy = change.length > 0 ? before.apply(change as readonly Change[]).policy : before;
  for (const [issuer, keys] of Object.entries(fetched)) {
    policy = policy.withFetchedKeys(issuer, JSON.stringify({ keys }));
  }
  return policy;
}

/** One policy, and requests to decide on it. */
export interface Batch {
  readonly policy: unknown;
  readonly change?: readonly Recorded[];
  readonly requests: readonly (Request & { readonly now: number; readonly fetched?: Fetched })[];
}

/** The outcomes of a batch, in order. */
export function decideBatch({ policy: document, change, requests }: Batch): Outcome[] {
  const policy = policyOf(document, change);
  return requests.map(({ now, fetched = {}, ...request }) =>
    outcomeOf(changed(policy, [], fetched), factsOf(request), now),
  );
}

/** All three steps, and what comes of them. */
export function outcomeOf(policy: Policy, facts: Facts, now: number): Outcome {
  return written(decide(policy, facts, verify(present(policy, facts)), now));
}

function written(decision: Decision): Outcome {
  const { status, headers } = decision;
  const reasons = decision.reasons();
  if (decision.decision === "reject") {
    const detail = decision.detail === undefined ? {} : { detail: decision.detail };
    return {
      decision: "reject",
      code: decision.code,
      status,
      ...detail,
      headers,
      remove: [],
      scopes: [],
      reasons,
    };
  }
  const plan = decision.plan === undefined ? {} : { plan: decision.plan };
  const { remove, scopes } = decision;
  return { decision: "permit", status, headers, remove, scopes, ...plan, reasons };
}
