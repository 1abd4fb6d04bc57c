/** The steps from credentials to one client in good standing, its tenant and its cell. */

import { claimOf, headerForm, isOverlong } from "../claims.ts";
import type { Credential } from "../entity/client.ts";
import type { Certificate } from "../facts.ts";
import type { Policy } from "../policy.ts";
import { expired, revoked, type Step, type Work } from "./work.ts";

/** Step *certificate*: by its key, else by its names, which must not lead to two clients. */
export const certificate: Step = (work) => {
  const { shown, policy } = work.claimed;
  if (shown.certificate === undefined) return undefined;
  const credential = credentialOf(policy, shown.certificate);
  if (credential === undefined) return { code: "certificate_unknown" };
  work.certificateCredential = credential;
  work.trail.certificateCredential = credential;
  return revoked(work, credential) ?? expired(work, credential);
};

function credentialOf(policy: Policy, { spki_sha256, sans }: Certificate): Credential | undefined {
  const { credentialsBySpki, credentialsBySan } = policy.contents;
  const byKey = credentialsBySpki.first(spki_sha256);
  if (byKey !== undefined) return byKey;
  const [first, ...others] = sans
    .map((san) => credentialsBySan.first(san))
    .filter((found) => found !== undefined);
  return others.every((other) => other.client === first?.client) ? first : undefined;
}

/** Step *disagreement*: all credentials lead to one client. */
export const disagreement: Step = (work) => {
  const { bearer } = work.claimed;
  const { keyCredential, tokenCredential, certificateCredential } = work;
  const others = [keyCredential, certificateCredential].filter((each) => each !== undefined);
  const takesAnyClient = bearer?.issuer?.takesAnyClient ?? false;
  if (takesAnyClient && keyCredential !== undefined) return { code: "credentials_disagree" };
  const first = (bearer === undefined ? others[0] : tokenCredential)?.client;
  if (others.some((other) => other.client !== first)) return { code: "credentials_disagree" };
  if (first !== undefined) {
    work.client = first;
    work.trail.client = first;
  }
  return undefined;
};

/** Step *client*. A key and a certificate were judged before; the token's credential is judged here. */
export const client: Step = (work) => {
  if (work.client === undefined) return undefined;
  if (work.client.isUnsupported) return { code: "policy_unsupported" };
  const { tokenCredential } = work;
  const refusal = tokenCredential && (revoked(work, tokenCredential) ?? expired(work, tokenCredential));
  if (refusal !== undefined) return refusal;
  return work.client.isSuspended ? { code: "client_suspended" } : undefined;
};

/** Step *tenant*: known, in use, and the same for token and client; asked only where the policy has tenants. */
export const tenant: Step = (work) => {
  const { tenants } = work.claimed.policy.contents;
  const claim = tenantClaim(work);
  const own = work.client?.tenant;
  if (claim === undefined || claim === null) work.tenant = own;
  else work.tenant = headerForm(claim);
  if (tenants.size === 0) return undefined;

  const isClaimed = claim !== undefined && claim !== null;
  if (isClaimed && (work.tenant === undefined || isOverlong(work.tenant))) return { code: "tenant_unknown" };
  if (isClaimed && own !== undefined && own !== work.tenant) return { code: "tenant_unknown" };
  if (work.tenant === undefined) return undefined;
  const found = tenants.get(work.tenant);
  if (found === undefined) return { code: "tenant_unknown" };
  work.trail.tenant = found;
  if (found.isUnsupported) return { code: "policy_unsupported" };
  return found.isSuspended ? { code: "tenant_suspended" } : undefined;
};

function tenantClaim({ claimed: { bearer } }: Work): ReturnType<typeof claimOf> {
  const { token, issuer } = bearer ?? {};
  return token && issuer && claimOf(token.claims, issuer.claims.tenant);
}

/** Step *cell*: the tenant's is the gateway's own, where both have one. One that is not known is another all the same. */
export const cell: Step = (work) => {
  const { policy, facts } = work.claimed;
  const id = work.trail.tenant?.cell;
  if (id === undefined) return undefined;
  const found = policy.contents.cells.get(id);
  if (found !== undefined) work.trail.cell = found;
  if (found?.isUnsupported) return { code: "policy_unsupported" };
  return facts.cell !== undefined && facts.cell !== id ? { code: "cell_mismatch" } : undefined;
};
