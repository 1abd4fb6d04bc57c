/**
 * The steps of a token, in the order of policy §4: up to *key* as `present` found them, then signature, types of
 * claims, audience, times, confirmation, revocations, client.
 */

import { claimOf, headerForm, INTEGER_MAX } from "../claims.ts";
import type { Issuer } from "../entity/issuer.ts";
import { target } from "../entity/other.ts";
import { isArray, isObject } from "../json.ts";
import type { Key } from "../key.ts";
import type { Refusal } from "../present.ts";
import { type Token, tokenSha256 } from "../token.ts";
import { revocationOf, type Step, type Work } from "./work.ts";

/** Judges the bearer token, where one was shown. */
export const token: Step = (work) => {
  const { bearer } = work.claimed;
  if (bearer === undefined) return undefined;
  const { token, issuer, key, refusal } = bearer;
  work.trail.issuer = issuer;
  work.trail.key = key;
  if (refusal !== undefined) return refusal;
  if (token === undefined || issuer === undefined || key === undefined) return { code: "token_malformed" };
  if (!work.verified?.proves(token, key)) return { code: "signature_invalid" };

  const times = readTimes(token);
  if (times === undefined) return { code: "token_malformed" };
  return (
    tokenUse(token, issuer) ??
    audience(token, issuer) ??
    validity(times, issuer, work.now) ??
    confirmation(work, token) ??
    revocations(work, token, issuer, key, times.iat) ??
    client(work, token, issuer)
  );
};

interface Times {
  readonly exp: number;
  readonly nbf: number | undefined;
  readonly iat: number | undefined;
}

/** Whole seconds; `undefined` where one of them is there and no time, or `exp` is not there. */
function readTimes({ claims }: Token): Times | undefined {
  const seconds: (number | undefined)[] = [];
  for (const name of ["exp", "nbf", "iat"]) {
    const value = claims.get(name);
    const isTime = typeof value === "number" && value >= 0 && value <= INTEGER_MAX;
    if (!isTime && (value !== undefined || name === "exp")) return undefined;
    seconds.push(isTime ? Math.trunc(value) : undefined);
  }
  const [exp, nbf, iat] = seconds;
  return exp === undefined ? undefined : { exp, nbf, iat };
}

/** Cognito signs id tokens with the same keys. */
function tokenUse({ claims }: Token, { isCognito }: Issuer): Refusal | undefined {
  return isCognito && claims.get("token_use") !== "access" ? { code: "token_unsupported" } : undefined;
}

function audience({ claims }: Token, { isCognito, audiences }: Issuer): Refusal | undefined {
  // Cognito's access tokens name whom they are for in another claim.
  const aud = isCognito && !claims.has("aud") ? claims.get("client_id") : claims.get("aud");
  const named = typeof aud === "string" ? [aud] : isArray(aud) ? aud : [];
  const isOurs = named.every((each) => typeof each === "string") && named.some((each) => audiences.has(each));
  return isOurs ? undefined : { code: "audience_mismatch" };
}

function validity({ exp, nbf }: Times, { leewayS }: Issuer, now: number): Refusal | undefined {
  if (nbf !== undefined && nbf > now + leewayS) return { code: "token_not_yet_valid" };
  return now >= exp + leewayS ? { code: "token_expired" } : undefined;
}

/** RFC 8705 §3.1. What binds the token to something that cannot be checked here is never ignored. */
function confirmation({ claimed: { facts } }: Work, { claims }: Token): Refusal | undefined {
  const cnf = claims.get("cnf");
  if (cnf === undefined) return undefined;
  const thumbprint = isObject(cnf) && cnf.size === 1 ? cnf.get("x5t#S256") : undefined;
  const isMet = thumbprint !== undefined && thumbprint === facts.certificate?.x5t_s256;
  return isMet ? undefined : { code: "token_unsupported" };
}

function revocations(
  work: Work,
  token: Token,
  issuer: Issuer,
  key: Key,
  iat: number | undefined,
): Refusal | undefined {
  if (work.claimed.policy.contents.revocationsByTarget.size === 0) return undefined;
  const text = (claim: unknown): string | undefined => (typeof claim === "string" ? claim : undefined);
  const jti = text(token.claims.get("jti"));
  const subject = text(token.claims.get("sub"));
  const client = text(claimOf(token.claims, issuer.claims.client));
  const targets = [
    key.kid === undefined ? undefined : target.key(issuer.id, key.kid),
    target.token(tokenSha256(token)),
    jti === undefined ? undefined : target.jti(issuer.id, jti),
    subject === undefined ? undefined : target.subject(issuer.id, subject),
    client === undefined ? undefined : target.client(issuer.id, client),
  ];
  for (const each of targets) {
    const revocation = each === undefined ? undefined : revocationOf(work, each, iat);
    if (revocation === undefined) continue;
    work.trail.revocation = revocation;
    return { code: "token_revoked" };
  }
  return undefined;
}

/** The registered client that the token names; with `clients: any` there need be none. */
function client(work: Work, { claims }: Token, issuer: Issuer): Refusal | undefined {
  const claim = claimOf(claims, issuer.claims.client);
  const { contents } = work.claimed.policy;
  const found =
    typeof claim === "string" ? contents.credentialsByToken.first(`${issuer.id}/${claim}`) : undefined;
  if (found !== undefined) {
    work.tokenCredential = found;
    work.trail.tokenCredential = found;
  } else if (!issuer.takesAnyClient) {
    return { code: "client_unknown" };
  }
  work.user = headerForm(claimOf(claims, issuer.claims.user));
  work.role = headerForm(claimOf(claims, issuer.claims.role));
  work.clientForm = headerForm(claim);
  return undefined;
}
