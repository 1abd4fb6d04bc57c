/** What a principal may do with a whole API: for authorizers whose answers are cached, and for people who ask. */

import { effectiveScopes, heldAlternative } from "./decide/authorize.ts";
import type { Principal } from "./decide/decision.ts";
import type { Operation } from "./entity/api.ts";
import type { Policy } from "./policy.ts";

/** The operations, public ones among them, in the order written: those that `decide` would permit, tenant and cell apart. */
export function permitted(policy: Policy, principal: Principal, apiId: string): readonly Operation[] {
  const api = policy.contents.apis.get(apiId);
  if (api === undefined) return [];
  const effective = scopesOf(policy, principal, apiId);
  return api.operations.all.filter(
    ({ isPublic, alternatives }) =>
      isPublic || (effective !== undefined && heldAlternative(alternatives, effective) !== undefined),
  );
}

/** A registered client by its id, as an API key or a certificate would show it. */
export function registered(clientId: string): Principal {
  return { client: clientId, tokenScopes: undefined, needsNoGrant: false };
}

/** `undefined`: no operation that asks for a client. */
function scopesOf(policy: Policy, principal: Principal, apiId: string): readonly string[] | undefined {
  const { client: id, tokenScopes, needsNoGrant } = principal;
  const client = id === undefined ? undefined : policy.contents.clients.get(id);
  if (id !== undefined && (client === undefined || client.isUnsupported || client.isSuspended))
    return undefined;
  const grant = client?.grants.find((each) => each.api === apiId);
  if (!needsNoGrant) {
    if (grant === undefined) return undefined;
    const plan = grant.plan === undefined ? undefined : policy.contents.plans.get(grant.plan);
    if (plan?.isUnsupported) return undefined;
  }
  return effectiveScopes(grant?.scopes, tokenScopes, needsNoGrant);
}
