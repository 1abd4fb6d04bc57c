/** One decision in the making: what the steps look at, and what they leave for those behind them. */

import type { Client, Credential, Grant } from "../entity/client.ts";
import { type Revocation, target } from "../entity/other.ts";
import type { Claimed, Refusal } from "../present.ts";
import type { Verified } from "../verify.ts";
import type { Trail } from "./trail.ts";

/** What a step says: a refusal, or nothing. */
export type Step = (work: Work) => Refusal | undefined;

/** The state between steps. */
export interface Work {
  readonly claimed: Claimed;
  readonly verified: Verified | undefined;
  /** Unix seconds. */
  readonly now: number;
  readonly trail: Trail;
  /** The credential of the client that the token names, registered ones only. */
  tokenCredential?: Credential;
  keyCredential?: Credential;
  certificateCredential?: Credential;
  /** The one client that all credentials lead to. */
  client?: Client;
  /** In header form. */
  user?: string | undefined;
  role?: string | undefined;
  clientForm?: string | undefined;
  tenant?: string | undefined;
  grant?: Grant;
  scopes?: readonly string[];
  /** Those that the operation asks for, of the alternative that held. */
  held?: readonly string[];
}

/** The revocation of a target that holds now and, where it is about a time of issue, applies to that of a token. */
export function revocationOf(work: Work, key: string, issuedAt?: number): Revocation | undefined {
  const all = work.claimed.policy.contents.revocationsByTarget.all(key);
  return all.find(({ until, issuedBefore }) => {
    const isOver = until !== undefined && work.now >= until;
    const isAfter = issuedBefore !== undefined && issuedAt !== undefined && issuedAt >= issuedBefore;
    return !isOver && !isAfter;
  });
}

/** Refuses a credential that was revoked. */
export function revoked(work: Work, credential: Credential): Refusal | undefined {
  const revocation = revocationOf(work, target.credential(credential.id));
  if (revocation === undefined) return undefined;
  work.trail.revocation = revocation;
  return { code: "credential_revoked" };
}

/** Refuses a credential that has expired, without leeway. */
export function expired(work: Work, { expiresAt }: Credential): Refusal | undefined {
  return expiresAt !== undefined && work.now >= expiresAt ? { code: "credential_expired" } : undefined;
}
