/** The steps from a client in good standing to what it may do: operation, grant, scopes, and the size of its claims. */

import { claimOf, isOverlong, scopesOf } from "../claims.ts";
import type { Operation } from "../entity/api.ts";
import type { Step, Work } from "./work.ts";

/** Step *operation*: default deny. */
export const operation: Step = ({ claimed: { chosen } }) => {
  if (chosen.api?.isUnsupported) {
    return { code: "policy_unsupported" };
  }
  return chosen.operation === undefined ? { code: "operation_unknown" } : undefined;
};

/** Step *grant*: not read where a token's own scopes count. */
export const grant: Step = (work) => {
  const { policy, chosen } = work.claimed;
  if (needsNoGrant(work)) return undefined;
  const found = work.client?.grants.find((each) => each.api === chosen.api?.id);
  if (found === undefined) return { code: "grant_missing" };
  work.grant = found;
  work.trail.grant = found;
  const plan = found.plan === undefined ? undefined : policy.contents.plans.get(found.plan);
  if (plan === undefined) return undefined;
  work.trail.plan = plan;
  return plan.isUnsupported ? { code: "policy_unsupported" } : undefined;
};

/** Step *scopes*: all of one alternative. */
export const scopes: Step = (work) => {
  const asked = work.claimed.chosen.operation?.alternatives ?? [];
  const effective = effectiveScopes(work.grant?.scopes, tokenScopes(work), needsNoGrant(work));
  work.scopes = effective;
  const held = heldAlternative(asked, effective);
  if (held !== undefined) {
    work.held = held;
    return undefined;
  }
  work.trail.missing = (asked[0] ?? []).filter((scope) => !effective.includes(scope));
  return { code: "scope_missing" };
};

/** Step *claim size*. */
export const claimSize: Step = (work) => {
  const forms = [work.user, work.role, clientHeader(work), work.tenant];
  return forms.some(isOverlong) ? { code: "claim_too_large" } : undefined;
};

/** The registered id, or else the token's claim. */
export function clientHeader({ client, clientForm }: Work): string | undefined {
  return client === undefined ? clientForm : client.id;
}

/** Whether a token's own scopes count, so that no grant is read. */
export function needsNoGrant({ claimed: { bearer } }: Work): boolean {
  return bearer?.issuer?.takesAnyClient ?? false;
}

/** The scopes of the token; `undefined` where none was shown. */
export function tokenScopes({ claimed: { bearer } }: Work): readonly string[] | undefined {
  const { token, issuer } = bearer ?? {};
  return token && issuer && scopesOf(claimOf(token.claims, issuer.claims.scopes));
}

/** Token ∩ grant, in the grant's order; either alone where the other plays no part. */
export function effectiveScopes(
  granted: readonly string[] | undefined,
  ofToken: readonly string[] | undefined,
  isWithoutGrant: boolean,
): readonly string[] {
  if (isWithoutGrant) return ofToken ?? [];
  if (ofToken === undefined) return granted ?? [];
  return (granted ?? []).filter((scope) => ofToken.includes(scope));
}

/** The first alternative whose scopes are all there. */
export function heldAlternative(
  alternatives: Operation["alternatives"],
  effective: readonly string[],
): readonly string[] | undefined {
  return alternatives.find((alternative) => alternative.every((scope) => effective.includes(scope)));
}
