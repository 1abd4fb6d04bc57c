/** Forms of text where JavaScript's own notions differ from the contract's: case, length, time, base64, numbers. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64url } from "../src/base64url.ts";
import { claimOf, headerForm, isOverlong, parseClaimName, scopesOf } from "../src/claims.ts";
import {
  asciiLower,
  equalsAsciiLower,
  isId,
  isOfBytes,
  isScope,
  isSha256Hex,
  parseTime,
} from "../src/form.ts";
import type { Json } from "../src/json.ts";

function check<T>(read: (text: string) => T, expected: readonly (readonly [string, T])[]): void {
  for (const [text, value] of expected) expect(read(text), JSON.stringify(text)).toEqual(value);
}

test("case is that of ASCII alone", () => {
  check(asciiLower, [
    ["Bearer", "bearer"],
    ["\u212aEY", "\u212aey"],
    ["\u0130", "\u0130"],
    ["É", "É"],
  ]);
  expect(equalsAsciiLower("X-API-Key", "x-api-key")).toBe(true);
  expect(equalsAsciiLower("X-Api-\u212aey", "x-api-key")).toBe(false);
  expect(equalsAsciiLower("x-api-ke", "x-api-key")).toBe(false);
  expect(equalsAsciiLower("[", "{")).toBe(false);
});

test("a line end is no end of a text", () => {
  check(isId, [
    ["a.B-9", true],
    ["a\n", false],
    ["", false],
    ["a_b", false],
    ["ä", false],
    ["a".repeat(128), true],
    ["a".repeat(129), false],
  ]);
  check(isSha256Hex, [
    ["0f".repeat(32), true],
    ["0F".repeat(32), false],
    [`${"0f".repeat(31)}0\n`, false],
  ]);
  check(isScope, [
    ["a:b/c_d!", true],
    ['a"', false],
    ["a\\", false],
    ["a b", false],
    ["a\n", false],
    ["é", false],
  ]);
});

test("sizes are in bytes of UTF-8", () => {
  expect(isOfBytes("é".repeat(512), 1_024)).toBe(true);
  expect(isOfBytes("é".repeat(513), 1_024)).toBe(false);
  expect(isOfBytes("\u{1f600}", 4)).toBe(true);
  expect(isOfBytes("\u{1f600}", 3)).toBe(false);
  expect(isOfBytes("", 3)).toBe(false);
});

test("a time has one spelling, and a day that exists", () => {
  check(parseTime, [
    ["1970-01-01T00:00:01Z", 1],
    ["2000-02-29T23:59:59Z", 951_868_799],
    ["9999-12-31T23:59:59Z", 253_402_300_799],
    ["1969-12-31T23:59:59Z", 0],
    ["0000-02-29T00:00:00Z", 0],
    ["2027-02-29T00:00:00Z", undefined],
    ["1900-02-29T00:00:00Z", undefined],
    ["2027-13-01T00:00:00Z", undefined],
    ["2027-01-01T24:00:00Z", undefined],
    ["2016-12-31T23:59:60Z", undefined],
    ["2027-01-01T00:00:00z", undefined],
    ["2027-01-01T00:00:00.0Z", undefined],
    ["2027-01-01T00:00:00Z\n", undefined],
    ["٢027-01-01T00:00:00Z", undefined],
    ["2027-01-01T00:00:00+00:00", undefined],
  ]);
});

test("base64url has one spelling for all bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = Buffer.from(bytes).toString("base64url");
      expect(decodeBase64url(text)).toEqual(Buffer.from(bytes));
      for (const other of [`${text}=`, `${text}\n`, ` ${text}`, `${text.slice(0, -1)}!`]) {
        if (other !== text) expect(decodeBase64url(other)).toBeUndefined();
      }
    }),
  );
  for (const text of ["A", "AB", "AAB", "+/", "AA==", "A A", "ÿÿ"])
    expect(decodeBase64url(text)).toBeUndefined();
  expect(decodeBase64url("")).toEqual(Buffer.alloc(0));
});

test("a value becomes a header field or none", () => {
  const cases: [Json | undefined, string | undefined][] = [
    [undefined, undefined],
    [null, undefined],
    ["", undefined],
    ["a b", undefined],
    ["a\n", undefined],
    ["é", undefined],
    ["~!%,", "~!%,"],
    [true, "true"],
    [-0, "0"],
    [5, "5"],
    [-(2 ** 53), "-9007199254740992"],
    [2 ** 53 + 2, undefined],
    [1e21, undefined],
    [1.5, undefined],
    [[], undefined],
    [[""], undefined],
    [["", ""], ","],
    [["a,b", "50%", "é x"], "a%2Cb,50%25,%C3%A9%20x"],
    [["\u{1f600}"], "%F0%9F%98%80"],
    [["a", 7], undefined],
    [new Map(), undefined],
  ];
  for (const [value, form] of cases) expect(headerForm(value)).toBe(form);
  expect(isOverlong("x".repeat(1_024))).toBe(false);
  expect(isOverlong("x".repeat(1_025))).toBe(true);
});

test("a claim is named by a member or a pointer, and never by what objects inherit", () => {
  const claims = new Map<string, Json>([
    ["a/b", 1],
    ["__proto__", "p"],
    ["list", ["x", new Map([["~", "y"]])]],
  ]);
  const at = (name: string): Json | undefined => claimOf(claims, parseClaimName(name) ?? []);
  expect(at("a/b")).toBe(1);
  expect(at("/a~1b")).toBe(1);
  expect(at("__proto__")).toBe("p");
  expect(at("/list/0")).toBe("x");
  expect(at("/list/1/~0")).toBe("y");
  for (const absent of [
    "constructor",
    "/list/length",
    "/list/00",
    "/list/-",
    "/list/2",
    "/list/1e0",
    "/a~1b/x",
  ]) {
    expect(at(absent)).toBeUndefined();
  }
  for (const bad of ["", "/~", "/~2", "é".repeat(129)]) expect(parseClaimName(bad)).toBeUndefined();
});

test("scopes are split at blanks alone", () => {
  expect(scopesOf("  a b  a ")).toEqual(["a", "b"]);
  expect(scopesOf("a\tb\u00a0c")).toEqual(["a\tb\u00a0c"]);
  expect(scopesOf(["a b", ""])).toEqual(["a b", ""]);
  expect(scopesOf(["a", 7])).toEqual([]);
  expect(scopesOf(undefined)).toEqual([]);
});
