/** What a refused caller is told to show: the challenges of policy §4 (RFC 6750 §3, RFC 9110 §11.6.1). */

import type { Chosen } from "../choose.ts";
import { type Code, statusOf } from "../code.ts";

/** The realm where no API matched. */
const REALM = "switchboard";

/** Codes by which a token was found bad. A client is unknown only by its token. */
const OF_A_TOKEN: ReadonlySet<Code> = new Set([
  "token_malformed",
  "token_unsupported",
  "token_expired",
  "token_not_yet_valid",
  "token_revoked",
  "issuer_unknown",
  "signature_invalid",
  "audience_mismatch",
  "client_unknown",
]);

/** The challenges of a refusal; `asked` are the scopes that `scope_missing` names. */
export function challengesOf(code: Code, { api, accepts }: Chosen, asked: readonly string[]): string[] {
  if (code === "scope_missing") {
    return accepts.has("jwt") ? [`Bearer error="insufficient_scope", scope="${asked.join(" ")}"`] : [];
  }
  if (statusOf(code) !== 401) return [];
  const realm = api?.id ?? REALM;
  const error = OF_A_TOKEN.has(code) ? ', error="invalid_token"' : "";
  const challenges: string[] = [];
  // No scheme asks for a certificate; a 401 has to have a challenge all the same.
  if (accepts.has("jwt") || !accepts.has("api_key")) challenges.push(`Bearer realm="${realm}"${error}`);
  if (accepts.has("api_key")) challenges.push(`ApiKey realm="${realm}"`);
  return challenges;
}
