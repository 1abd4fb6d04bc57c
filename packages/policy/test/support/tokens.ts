/** Makes tokens for tests, good ones and broken ones, with the keys of `contract/vectors/keys.json` (contract §6). */

import { constants, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

/** Where the contract is: this file may run as it is, or bundled somewhere below the repository's root. */
export const CONTRACT = findContract(new URL(".", import.meta.url));

function findContract(from: URL): URL {
  const here = new URL("contract/", from);
  if (existsSync(new URL("vectors/", here))) return here;
  const parent = new URL("../", from);
  if (parent.href === from.href) throw new Error("there is no contract/ above this file");
  return findContract(parent);
}

/** A token as a vector describes it. */
export interface TokenRecipe {
  readonly raw?: string;
  readonly header?: unknown;
  readonly claims?: unknown;
  readonly header64?: string;
  readonly claims64?: string;
  readonly key?: string;
  readonly alg?: string;
  readonly signature?: string;
}

const MEMBERS = new Set(["raw", "header", "claims", "header64", "claims64", "key", "alg", "signature"]);

interface TestKey {
  readonly jwk: Record<string, string>;
}

const keys: Record<string, TestKey> = JSON.parse(
  readFileSync(new URL("vectors/keys.json", CONTRACT), "utf8"),
);
const privateKeys = new Map<string, KeyObject>();

/** The names of all test keys. */
export const KEY_NAMES = Object.keys(keys);

/** The public half of a test key. */
export function publicJwk(name: string): Record<string, string> {
  const { d, p, q, dp, dq, qi, ...rest } = testKey(name).jwk;
  return rest;
}

/** The token of a recipe. */
export function makeToken(recipe: TokenRecipe): string {
  const unknown = Object.keys(recipe).find((member) => !MEMBERS.has(member));
  if (unknown !== undefined) throw new Error(`a token has no member ${unknown}`);
  if (recipe.raw !== undefined) return recipe.raw;
  const signed = `${part(recipe.header64, recipe.header)}.${part(recipe.claims64, recipe.claims)}`;
  if (recipe.signature !== undefined && recipe.signature !== "flip") return `${signed}.${recipe.signature}`;
  const signature = signWith(signed, recipe.key, recipe.alg ?? algOf(recipe));
  if (recipe.signature === "flip") signature[0] = (signature[0] ?? 0) ^ 1;
  return `${signed}.${signature.toString("base64url")}`;
}

function part(encoded: string | undefined, value: unknown): string {
  if (encoded !== undefined) return encoded;
  if (value === undefined) throw new Error("a token needs header and claims");
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
}

function algOf({ header }: TokenRecipe): string {
  const parsed: unknown = typeof header === "string" ? JSON.parse(header) : header;
  const alg = typeof parsed === "object" && parsed !== null && "alg" in parsed ? parsed.alg : undefined;
  if (typeof alg !== "string") throw new Error("say with which `alg` to sign");
  return alg;
}

function testKey(name: string): TestKey {
  const key = keys[name];
  if (key === undefined) throw new Error(`keys.json has no ${name}`);
  return key;
}

function privateKey(name: string): KeyObject {
  const key = privateKeys.get(name) ?? createPrivateKey({ format: "jwk", key: testKey(name).jwk });
  privateKeys.set(name, key);
  return key;
}

/** RFC 7518 §3, RFC 8037 §3.1. */
function signWith(signed: string, name: string | undefined, alg: string): Buffer {
  if (name === undefined) throw new Error("say with which key to sign");
  const key = privateKey(name);
  const bytes = Buffer.from(signed);
  const hash = `sha${alg.slice(2)}`;
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  switch (alg.slice(0, 2)) {
    case "Ed":
      return sign(null, bytes, key);
    case "ES":
      return sign(hash, bytes, { key, dsaEncoding: "ieee-p1363" });
    case "PS":
      return sign(hash, bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
    case "RS":
      return sign(hash, bytes, key);
    default:
      throw new Error(`cannot sign with ${alg}`);
  }
}
