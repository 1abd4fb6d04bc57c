/**
 * Why a request may be refused: the closed set of codes, with the status and the one sentence of each.
 *
 * The same table stands in the Rust crate; `contract/vectors/codes.json` holds both to it. Codes are stable.
 */

const CODES = {
  credential_missing: { status: 401, message: "This operation needs a credential, and none was shown." },
  credential_unsupported: { status: 401, message: "This API does not accept this kind of credential." },
  credentials_disagree: { status: 401, message: "The credentials that were shown do not belong together." },
  token_malformed: { status: 401, message: "The token cannot be read." },
  token_unsupported: {
    status: 401,
    message: "The token has an algorithm, a header or a condition that is not accepted.",
  },
  issuer_unknown: { status: 401, message: "The token's issuer is not known." },
  signature_invalid: { status: 401, message: "The token's signature does not hold." },
  token_expired: { status: 401, message: "The token has expired." },
  token_not_yet_valid: { status: 401, message: "The token is not valid yet." },
  audience_mismatch: { status: 401, message: "The token is meant for another audience." },
  token_revoked: { status: 401, message: "The token has been revoked." },
  api_key_unknown: { status: 401, message: "The API key is not known." },
  credential_expired: { status: 401, message: "The credential has expired." },
  credential_revoked: { status: 401, message: "The credential has been revoked." },
  certificate_unknown: { status: 401, message: "The client certificate is not known." },
  client_unknown: { status: 401, message: "The token's client is not registered." },
  client_suspended: { status: 403, message: "The client is suspended." },
  tenant_unknown: { status: 403, message: "The tenant is not known, or not this client's." },
  tenant_suspended: { status: 403, message: "The tenant is suspended." },
  cell_mismatch: { status: 403, message: "The tenant is served by another cell." },
  operation_unknown: { status: 403, message: "The API has no such operation." },
  grant_missing: { status: 403, message: "The client has no grant for this API." },
  scope_missing: { status: 403, message: "A scope that this operation needs is missing." },
  claim_too_large: { status: 403, message: "A claim of the token is too large to be passed on." },
  policy_unsupported: {
    status: 403,
    message: "The policy for this request needs a newer version of this gateway.",
  },
  policy_stale: { status: 503, message: "The policy is too old to decide on." },
  keys_unavailable: { status: 503, message: "The issuer's keys are not available yet." },
} as const;

/** A code of policy §4. */
export type Code = keyof typeof CODES;

/** What only the log and `explain` may say beside a code. */
export type Detail = "key_unknown" | "key_ambiguous";

/** Every code, in the order of policy §4. */
export const ALL_CODES = Object.keys(CODES) as readonly Code[];

/** The HTTP status that goes with a code. */
export function statusOf(code: Code): 401 | 403 | 503 {
  return CODES[code].status;
}

/** The sentence that the caller is told. */
export function messageOf(code: Code): string {
  return CODES[code].message;
}
