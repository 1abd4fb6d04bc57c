/**
 * A compact JWT in parts, whatever a policy says of it: the step *form and JSON*, and no further.
 *
 * Policy-independent, so that a parsed token may be kept with its proof. Nothing of it is believed yet.
 */

import { hash } from "node:crypto";
import { decodeBase64url } from "./base64url.ts";
import { type JsonObject, parseJsonObject } from "./json.ts";

/** Bytes of a token. */
export const TOKEN_BYTES_MAX = 16_384;

/** A token of good form. */
export interface Token {
  /** The whole, as it was shown. */
  readonly text: string;
  /** What the signature is over: the first two parts with the dot between. */
  readonly signed: string;
  readonly signature: Uint8Array;
  readonly header: JsonObject;
  readonly claims: JsonObject;
  /** The header's `alg`, any word. */
  readonly alg: string;
  readonly kid: string | undefined;
  readonly iss: string;
}

/** The parts of a token; `undefined` where it is `token_malformed`. */
export function parseToken(text: string): Token | undefined {
  // What is longer in bytes than in UTF-16 units is no base64url either.
  if (text.length > TOKEN_BYTES_MAX) return undefined;
  const parts = text.split(".", 4);
  const [header64, claims64, signature64] = parts;
  if (parts.length !== 3 || header64 === undefined || claims64 === undefined || signature64 === undefined) {
    return undefined;
  }
  const header = parsePart(header64);
  const claims = parsePart(claims64);
  const signature = decodeBase64url(signature64);
  if (header === undefined || claims === undefined || signature === undefined) return undefined;
  const alg = header.get("alg");
  const kid = header.get("kid");
  const iss = claims.get("iss");
  if (typeof alg !== "string" || typeof iss !== "string") return undefined;
  if (kid !== undefined && typeof kid !== "string") return undefined;
  const signed = text.slice(0, header64.length + 1 + claims64.length);
  return { text, signed, signature, header, claims, alg, kid, iss };
}

/** What a revocation names a token by: never the signature, which can be varied. */
export function tokenSha256(token: Token): string {
  return hash("sha256", token.signed);
}

function parsePart(part64: string): JsonObject | undefined {
  const bytes = decodeBase64url(part64);
  return bytes && parseJsonObject(bytes);
}
