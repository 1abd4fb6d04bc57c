/**
 * The first call: from bytes to the credentials that were shown, parsed, and the key that a token's signature needs.
 *
 * Pure. Nothing is believed yet: what is wrong with a credential is noted for `decide`, which refuses in one order.
 */

import { type Chosen, choose } from "./choose.ts";
import type { Code, Detail } from "./code.ts";
import type { Issuer } from "./entity/issuer.ts";
import type { Facts } from "./facts.ts";
import { asciiLower } from "./form.ts";
import { type Algorithm, algorithmOf, type Key } from "./key.ts";
import type { Policy } from "./policy.ts";
import { look, type Shown } from "./shown.ts";
import { parseToken, type Token } from "./token.ts";
import type { Verified } from "./verify.ts";

/** Why a step refuses. */
export interface Refusal {
  readonly code: Code;
  readonly detail?: Detail;
}

/** A bearer token as far as it could be followed before its signature. */
export interface Presented {
  readonly token: Token | undefined;
  readonly issuer: Issuer | undefined;
  /** The key, and the algorithm, under which the signature has to be good. */
  readonly key: Key | undefined;
  readonly algorithm: Algorithm | undefined;
  /** The first step up to *key* that refuses. */
  readonly refusal: Refusal | undefined;
}

/** What `present` found; `verify` takes it. */
export interface Claimed {
  readonly policy: Policy;
  readonly facts: Facts;
  readonly chosen: Chosen;
  readonly shown: Shown;
  /** Where a bearer token was shown and the API takes them. */
  readonly bearer: Presented | undefined;
  /** What was recalled for this token. */
  readonly recalled: Verified | undefined;
}

/** Proofs that a caller kept, by the text of their tokens. */
export type Recall = (token: string) => Verified | undefined;

/** Finds API, operation and credentials. */
export function present(policy: Policy, facts: Facts, recall?: Recall): Claimed {
  const chosen = choose(policy, facts);
  const shown = look(chosen, facts);
  if (shown.bearer === undefined || shown.isDoubled || !chosen.accepts.has("jwt")) {
    return { policy, facts, chosen, shown, bearer: undefined, recalled: undefined };
  }
  const recalled = recall?.(shown.bearer);
  const isSame = recalled !== undefined && recalled.token.text === shown.bearer;
  const token = isSame ? recalled.token : parseToken(shown.bearer);
  const bearer = follow(policy, token);
  return { policy, facts, chosen, shown, bearer, recalled: isSame ? recalled : undefined };
}

/** The id of an issuer that has a `jwks_uri` and whose token names a key that is not known: worth a fetch. */
export function wantsKeys({ bearer }: Claimed): string | undefined {
  const code = bearer?.refusal?.code;
  const isMissing = code === "keys_unavailable" || bearer?.refusal?.detail === "key_unknown";
  return isMissing && bearer?.issuer?.jwksUri !== undefined ? bearer.issuer.id : undefined;
}

/** The steps *form* to *key*. */
function follow(policy: Policy, token: Token | undefined): Presented {
  const nowhere = { token, issuer: undefined, key: undefined, algorithm: undefined };
  if (token === undefined) return { ...nowhere, refusal: { code: "token_malformed" } };
  if (!isHeaderTaken(token)) return { ...nowhere, refusal: { code: "token_unsupported" } };
  const issuer = policy.contents.issuersByIss.first(token.iss);
  if (issuer === undefined) return { ...nowhere, refusal: { code: "issuer_unknown" } };
  const known = { ...nowhere, issuer };
  if (issuer.isUnsupported) return { ...known, refusal: { code: "policy_unsupported" } };
  const algorithm = algorithmOf(token.alg);
  if (algorithm === undefined || !issuer.algorithms.has(algorithm)) {
    return { ...known, refusal: { code: "token_unsupported" } };
  }
  const found = findKey(policy, issuer, token.kid, algorithm);
  return "code" in found
    ? { ...known, algorithm, refusal: found }
    : { ...known, algorithm, key: found, refusal: undefined };
}

/** Members that would have us find, or believe, something that the policy does not name. */
const REFUSED_MEMBERS = ["crit", "b64", "jwk", "jku", "x5u", "x5c"];
const TYPES: ReadonlySet<string> = new Set(["jwt", "at+jwt", "application/at+jwt"]);

function isHeaderTaken({ header }: Token): boolean {
  if (REFUSED_MEMBERS.some((member) => header.has(member))) return false;
  const typ = header.get("typ");
  return typ === undefined || (typeof typ === "string" && TYPES.has(asciiLower(typ)));
}

/** The step *key* of a token. */
function findKey(
  policy: Policy,
  issuer: Issuer,
  kid: string | undefined,
  algorithm: Algorithm,
): Key | Refusal {
  const keys = policy.keysOf(issuer);
  const named = kid === undefined ? keys : keys.filter((key) => key.kid === kid);
  const fitting = named.filter((key) => key.algorithms.has(algorithm));
  const [first, second] = fitting;
  if (first !== undefined && (kid !== undefined || second === undefined)) return first;
  if (second !== undefined) return { code: "signature_invalid", detail: "key_ambiguous" };
  if (issuer.jwksUri !== undefined && !policy.hasKeySet(issuer)) return { code: "keys_unavailable" };
  if (kid !== undefined && named.length > 0) return { code: "token_unsupported" };
  return { code: "signature_invalid", detail: "key_unknown" };
}
