/** Keys that may verify, and keys that nothing may use. */

import { expect, test } from "vitest";
import { isEd25519Point } from "../src/ed25519.ts";
import { readKey } from "../src/key.ts";
import { publicJwk } from "./support/tokens.ts";

const rs = publicJwk("rs");
const es = publicJwk("es256");
const ed = publicJwk("ed");
const number = (hex: string): string => Buffer.from(hex, "hex").toString("base64url");

test("each kind fits its algorithms", () => {
  const fits = (jwk: object): string[] => [...(readKey(jwk)?.algorithms ?? [])];
  expect(fits(rs)).toEqual(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]);
  expect(fits({ ...rs, alg: "PS384" })).toEqual(["PS384"]);
  expect(fits(es)).toEqual(["ES256"]);
  expect(fits(publicJwk("es384"))).toEqual(["ES384"]);
  expect(fits({ ...ed, alg: "Ed25519", use: "sig", key_ops: ["verify", "x"] })).toEqual(["EdDSA"]);
});

test("the same material is the same key, however its numbers are padded", () => {
  const padded = number(`00${Buffer.from(rs["n"] ?? "", "base64url").toString("hex")}`);
  expect(readKey({ ...rs, n: padded })?.material).toBe(readKey(rs)?.material);
});

test.each([
  ["a shared secret", { kty: "oct", k: "AAAA" }],
  ["another use", { ...ed, use: "enc" }],
  ["a use that is null", { ...ed, use: null }],
  ["other operations", { ...ed, key_ops: ["sign"] }],
  ["operations that are no list", { ...ed, key_ops: "verify" }],
  ["an algorithm of another kind", { ...ed, alg: "ES256" }],
  ["an algorithm that is no word", { ...ed, alg: null }],
  ["a kid that is no string", { ...ed, kid: 7 }],
  ["another curve", { ...es, crv: "P-521" }],
  ["a coordinate too short", { ...es, x: "AAAA" }],
  ["a point off its curve", { ...es, y: es["x"] }],
  ["padding", { ...es, x: `${es["x"]}=` }],
  ["the other base64", { ...rs, n: `${rs["n"]?.replaceAll("-", "+").replaceAll("_", "/")}+` }],
  ["a modulus too short", { ...rs, n: number("80".padEnd(510, "1")) }],
  ["a modulus too long", { ...rs, n: number("01".padEnd(2_050, "1")) }],
  ["an exponent that is even", { ...rs, e: number("010000") }],
  ["an exponent of one", { ...rs, e: number("01") }],
  ["an exponent beyond 33 bits", { ...rs, e: number("0200000001") }],
  ["no exponent", { kty: "RSA", n: rs["n"] }],
  ["a kind that objects inherit", Object.create(ed) as object],
])("skipped: %s", (_, jwk) => {
  expect(readKey(jwk)).toBeUndefined();
});

test("points of Ed25519", () => {
  const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
  expect(isEd25519Point(Buffer.from(ed["x"] ?? "", "base64url"))).toBe(true);
  // RFC 8032 §7.1, test 1.
  expect(isEd25519Point(bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))).toBe(
    true,
  );
  expect(isEd25519Point(bytes(`01${"00".repeat(31)}`))).toBe(true);
  // x is 0 and has a sign; y is not below the prime; y has no x; a byte too few.
  expect(isEd25519Point(bytes(`01${"00".repeat(30)}80`))).toBe(false);
  expect(isEd25519Point(bytes(`${"ff".repeat(31)}7f`))).toBe(false);
  expect(isEd25519Point(bytes(`02${"00".repeat(31)}`))).toBe(false);
  expect(isEd25519Point(bytes("00".repeat(31)))).toBe(false);
});
