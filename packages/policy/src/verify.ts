/**
 * The second call: the signature of a token under its key. The only step that may be cached.
 *
 * Only `verify` makes a `Verified`: no other module can claim that a signature was good.
 */

import { constants, type VerifyKeyObjectInput, verify as verifyBytes } from "node:crypto";
import type { Algorithm, Key } from "./key.ts";
import type { Claimed } from "./present.ts";
import type { Token } from "./token.ts";

/** Known to this module alone. */
const MADE_HERE = Symbol("made by verify");

/** A token whose signature is good under a key: what a cache may keep, by the token's text, until `expires`. */
export class Verified {
  readonly token: Token;
  readonly #key: Key;

  constructor(made: typeof MADE_HERE, token: Token, key: Key) {
    if (made !== MADE_HERE) throw new TypeError("only `verify` makes a Verified");
    this.token = token;
    this.#key = key;
  }

  /** Whether it says that this very token is good under this key material. */
  proves(token: Token, key: Key): boolean {
    return this.token.text === token.text && this.#key.material === key.material;
  }

  /** The second at which its token ends, without leeway; `undefined` where its claim is none. */
  get expires(): number | undefined {
    const exp = this.token.claims.get("exp");
    return typeof exp === "number" ? Math.trunc(exp) : undefined;
  }
}

/** What `verify` found; `decide` takes it. */
export interface Proof {
  readonly claimed: Claimed;
  /** Where there was a token with a key, and its signature is good. */
  readonly verified: Verified | undefined;
}

/** Verifies the signature where there is one to verify; computes nothing where `present` recalled the same proof. */
export function verify(claimed: Claimed): Proof {
  const { bearer, recalled } = claimed;
  if (bearer?.token === undefined || bearer.key === undefined || bearer.algorithm === undefined) {
    return { claimed, verified: undefined };
  }
  const { token, key, algorithm } = bearer;
  if (recalled?.proves(token, key)) return { claimed, verified: recalled };
  const isGood = isSignatureGood(algorithm, key, Buffer.from(token.signed, "latin1"), token.signature);
  return { claimed, verified: isGood ? new Verified(MADE_HERE, token, key) : undefined };
}

/** RFC 7518 §3.3 to §3.5, RFC 8037 §3.1. */
function isSignatureGood(algorithm: Algorithm, key: Key, signed: Uint8Array, signature: Uint8Array): boolean {
  const hash = `sha${algorithm.slice(2)}`;
  switch (algorithm) {
    case "EdDSA":
      return verifyBytes(null, signed, key.object, signature);
    case "ES256":
    case "ES384":
      return verifyBytes(hash, signed, { key: key.object, dsaEncoding: "ieee-p1363" }, signature);
    case "RS256":
    case "RS384":
    case "RS512":
      return verifyBytes(hash, signed, rsa(key, constants.RSA_PKCS1_PADDING), signature);
    case "PS256":
    case "PS384":
    case "PS512":
      return verifyBytes(hash, signed, rsa(key, constants.RSA_PKCS1_PSS_PADDING), signature);
  }
}

function rsa(key: Key, padding: number): VerifyKeyObjectInput {
  return { key: key.object, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}
