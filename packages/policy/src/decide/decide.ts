/**
 * The third call: permit or reject, on the current policy. Pure and synchronous; `now` in whole Unix seconds.
 *
 * The steps stand here in the order of policy §4. The first that refuses decides; the order is part of the contract.
 */

import { isOverlong } from "../claims.ts";
import type { Facts } from "../facts.ts";
import type { Policy } from "../policy.ts";
import { type Claimed, present, type Refusal } from "../present.ts";
import { isNothing } from "../shown.ts";
import type { Proof } from "../verify.ts";
import { apiKey, passesAsKey } from "./api_key.ts";
import { claimSize, clientHeader, grant, needsNoGrant, operation, scopes, tokenScopes } from "./authorize.ts";
import { challengesOf } from "./challenge.ts";
import { type Decision, Permit, Rejection } from "./decision.ts";
import { cell, certificate, client, disagreement, tenant } from "./principal.ts";
import { token } from "./token.ts";
import type { Step, Work } from "./work.ts";

const twoOfOneKind: Step = ({ claimed: { shown } }) =>
  shown.isDoubled ? { code: "credentials_disagree" } : undefined;

/** A kind that the API does not accept is refused also beside a good one. */
const kinds: Step = (work) => {
  const { shown, chosen } = work.claimed;
  const isRefused =
    (shown.bearer !== undefined && !chosen.accepts.has("jwt")) ||
    (shown.key !== undefined && !chosen.accepts.has("api_key")) ||
    // Another scheme is the service's affair, but only beside a key that passes.
    (shown.hasOtherScheme && !passesAsKey(work));
  return isRefused ? { code: "credential_unsupported" } : undefined;
};

/** Who is calling. Public operations end behind these. */
const AUTHENTICATION: readonly Step[] = [
  twoOfOneKind,
  kinds,
  apiKey,
  token,
  certificate,
  disagreement,
  client,
  tenant,
  cell,
];
/** And what they may do. */
const ALL: readonly Step[] = [...AUTHENTICATION, operation, grant, scopes, claimSize];

/** Decides. `proof` is of the same facts; one of another token proves nothing here. */
export function decide(policy: Policy, facts: Facts, proof: Proof, now: number): Decision {
  const isCurrent = proof.claimed.policy === policy && proof.claimed.facts === facts;
  const claimed = isCurrent ? proof.claimed : present(policy, facts, () => proof.verified);
  const { chosen, shown } = claimed;
  const trail = { api: chosen.api, operation: chosen.operation };
  const work: Work = { claimed, verified: proof.verified, now, trail };

  const isPublic = chosen.operation?.isPublic ?? false;
  if (isNothing(shown)) return isPublic ? permit(work) : reject(work, { code: "credential_missing" });
  for (const step of isPublic ? AUTHENTICATION : ALL) {
    const refusal = step(work);
    if (refusal !== undefined) return reject(work, refusal);
  }
  return permit(work);
}

/** On public operations a claim may be too long still, and is left out. */
function permit(work: Work): Permit {
  const fitting = (form: string | undefined): string | undefined => (isOverlong(form) ? undefined : form);
  const identity = {
    user: fitting(work.user),
    role: fitting(work.role),
    client: fitting(clientHeader(work)),
    tenant: fitting(work.tenant),
    cell: work.claimed.facts.cell,
  };
  const trail = work.held === undefined ? work.trail : { ...work.trail, held: work.held };
  return new Permit(trail, identity, {
    remove: removed(work.claimed),
    scopes: work.scopes ?? [],
    plan: work.grant?.plan,
    principal: {
      client: work.client?.id,
      tokenScopes: tokenScopes(work),
      needsNoGrant: needsNoGrant(work),
    },
  });
}

/** The credentials that were used. */
function removed({ chosen, shown }: Claimed): string[] {
  const names: string[] = [];
  if (shown.bearer !== undefined && !chosen.api?.forwardsToken) names.push("authorization");
  if (shown.key !== undefined) names.push(chosen.keyHeader);
  return names;
}

function reject(work: Work, refusal: Refusal): Rejection {
  const { chosen } = work.claimed;
  const asked = chosen.operation?.alternatives[0] ?? [];
  return new Rejection(work.trail, refusal, () => challengesOf(refusal.code, chosen, asked));
}
