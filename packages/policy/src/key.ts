/**
 * Keys that verify signatures: which JWKs may be used (contract §2), and for which algorithms.
 *
 * A key that nothing may use is skipped, never an error: key sets of real issuers hold many kinds. What a JWK says
 * about its own use (`use`, `key_ops`, `alg`) binds.
 */

import { createPublicKey, type KeyObject } from "node:crypto";
import { decodeBase64url } from "./base64url.ts";
import { isEd25519Point } from "./ed25519.ts";

/** A signature algorithm; `Ed25519` is read as `EdDSA`. */
export type Algorithm =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "EdDSA";

/** A key that may be used. */
export interface Key {
  /** Its `kid`, where it has one. */
  readonly kid: string | undefined;
  readonly algorithms: ReadonlySet<Algorithm>;
  readonly object: KeyObject;
  /** Equal exactly where kind and material are. */
  readonly material: string;
}

/** Keys of one set, whether a policy has it or it was fetched. */
export const KEYS_MAX = 128;

const RSA_BITS_MIN = 2_048;
const RSA_BITS_MAX = 8_192;
const RSA_EXPONENT_MAX = 2 ** 33 - 1;

const RSA: readonly Algorithm[] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const CURVES: ReadonlyMap<unknown, { bytes: number; algorithm: Algorithm }> = new Map([
  ["P-256", { bytes: 32, algorithm: "ES256" }],
  ["P-384", { bytes: 48, algorithm: "ES384" }],
]);
const ALGORITHMS: ReadonlySet<string> = new Set([...RSA, "ES256", "ES384", "EdDSA"]);

/** The algorithm of a word; never `none`, never one with a shared secret. */
export function algorithmOf(word: unknown): Algorithm | undefined {
  if (word === "Ed25519") return "EdDSA";
  return typeof word === "string" && ALGORITHMS.has(word) ? (word as Algorithm) : undefined;
}

/** Those of a list of JWKs that may be used, in order. */
export function readKeys(jwks: readonly object[]): Key[] {
  return jwks.map(readKey).filter((key) => key !== undefined);
}

/** One JWK (RFC 7517 §4), or `undefined` where nothing may use it. */
export function readKey(jwk: object): Key | undefined {
  const member = (name: string): unknown =>
    Object.hasOwn(jwk, name) ? (jwk as Record<string, unknown>)[name] : undefined;
  const kid = member("kid");
  if (kid !== undefined && typeof kid !== "string") return undefined;
  if (Object.hasOwn(jwk, "use") && member("use") !== "sig") return undefined;
  const operations = member("key_ops");
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify")))
    return undefined;

  const material = readMaterial(member);
  if (material === undefined) return undefined;
  const algorithms = Object.hasOwn(jwk, "alg")
    ? material.algorithms.filter((algorithm) => algorithm === algorithmOf(member("alg")))
    : material.algorithms;
  if (algorithms.length === 0) return undefined;
  try {
    // The library refuses what is no public key, such as a point off its curve.
    const object = createPublicKey({ format: "jwk", key: material.jwk });
    return { kid, algorithms: new Set(algorithms), object, material: Object.values(material.jwk).join(" ") };
  } catch {
    return undefined;
  }
}

interface Material {
  readonly jwk: Record<string, string>;
  readonly algorithms: readonly Algorithm[];
}

function readMaterial(member: (name: string) => unknown): Material | undefined {
  switch (member("kty")) {
    case "RSA":
      return readRsa(bytesOf(member("n")), bytesOf(member("e")));
    case "EC":
      return readEc(member("crv"), bytesOf(member("x")), bytesOf(member("y")));
    case "OKP":
      return member("crv") === "Ed25519" ? readEd25519(bytesOf(member("x"))) : undefined;
    default:
      return undefined;
  }
}

function readRsa(n: Buffer | undefined, e: Buffer | undefined): Material | undefined {
  if (n === undefined || e === undefined) return undefined;
  const modulus = withoutZeros(n);
  const exponent = withoutZeros(e);
  const bits = modulus.length * 8 - (Math.clz32(modulus[0] ?? 0) - 24);
  if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX) return undefined;
  // At most five bytes, so that the number is exact.
  if (exponent.length === 0 || exponent.length > 5) return undefined;
  const value = exponent.readUIntBE(0, exponent.length);
  if (value % 2 === 0 || value < 3 || value > RSA_EXPONENT_MAX) return undefined;
  const jwk = { kty: "RSA", n: modulus.toString("base64url"), e: exponent.toString("base64url") };
  return { jwk, algorithms: RSA };
}

function readEc(crv: unknown, x: Buffer | undefined, y: Buffer | undefined): Material | undefined {
  const curve = CURVES.get(crv);
  if (curve === undefined || x?.length !== curve.bytes || y?.length !== curve.bytes) return undefined;
  const jwk = { kty: "EC", crv: String(crv), x: x.toString("base64url"), y: y.toString("base64url") };
  return { jwk, algorithms: [curve.algorithm] };
}

function readEd25519(x: Buffer | undefined): Material | undefined {
  if (x === undefined || !isEd25519Point(x)) return undefined;
  return { jwk: { kty: "OKP", crv: "Ed25519", x: x.toString("base64url") }, algorithms: ["EdDSA"] };
}

function bytesOf(value: unknown): Buffer | undefined {
  return typeof value === "string" ? decodeBase64url(value) : undefined;
}

function withoutZeros(number: Buffer): Buffer {
  const first = number.findIndex((byte) => byte !== 0);
  return number.subarray(first < 0 ? number.length : first);
}
