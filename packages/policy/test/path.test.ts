/** Canonical paths, hosts and patterns: the same answers as the Rust modules of these names. */

import { expect, test } from "vitest";
import { isBasePath, parsePath } from "../src/path/canonical.ts";
import { parseHost, parseHostPattern } from "../src/path/host.ts";
import { isBelow, parsePattern } from "../src/path/pattern.ts";
import { PatternTable } from "../src/path/table.ts";

test.each([
  ...[
    "/",
    "/a/",
    "/a-b_c.d~e/!$&'()*+,=:@",
    "/a;v=1/b;w",
    "/...",
    "/.a",
    "/a..",
    "/%20",
    "/100%25",
    "/caf%C3%A9",
  ],
  ...["/%E2%82%AC/%F0%9F%8E%89", "/a%3Bb", "/%252e%252e/%252f", "/%C2%A0", "/a%2Fb", "/a%2F", "/a%2F.b"],
])("%s is canonical", (path) => {
  expect(parsePath(path)).toBe(path);
});

test.each([
  ["/%61%62c", "/abc"],
  ["/%41%7a%30%2d%2E%5f%7E", "/Az0-._~"],
  ["/%3a%3f", "/%3A%3F"],
  ["/caf%c3%a9/%61", "/caf%C3%A9/a"],
  ["/%2e%2e%2e", "/..."],
])("%s is %s", (raw, path) => {
  expect(parsePath(raw)).toBe(path);
});

test.each([
  ...["", "a", "*", "http://h/a", "%2Fa", "/a?b", "/a#b", "/a b", "/é", "/a\\b", "/a%5cb", "/\n", "/a\n"],
  ...[
    "/%",
    "/%4",
    "/%zz",
    "/%%36%31",
    "/%u002e",
    "/%00",
    "/%1F",
    "/%7f",
    "/%C2%80",
    "/%C2%9F",
    "/%80",
    "/%C3",
    "/%C3/%A9",
  ],
  ...[
    "/%C0%AF",
    "/%ED%A0%80",
    "/%F4%90%80%80",
    "//",
    "/a//b",
    "/a/%2F",
    "/%2Fa",
    "/;a",
    "/a/;b/c",
    "/a/%3Bb",
  ],
  ...["/.", "/..", "/a/../b", "/./a", "/%2e%2E", "/.;x/a", "/..;/a", "/a/..%3Bx", "/a%2F..", "/a%2F../b"],
])("%s has no canonical form", (raw) => {
  expect(parsePath(raw)).toBeUndefined();
});

test("base paths", () => {
  for (const path of ["/", "/a", "/a/b", "/a/%C3%A9"]) expect(isBasePath(path), path).toBe(true);
  for (const path of ["", "a", "/a/", "//", "/a%2Fb", "/{x}", "/a;b", "/a*", "/%61", "/a?b", "/é", "/a\n"]) {
    expect(isBasePath(path), path).toBe(false);
  }
});

test("hosts have one spelling", () => {
  const cases: [string, string | undefined][] = [
    ["Shop.Example.COM", "shop.example.com"],
    ["shop.example.com.:443", "shop.example.com"],
    ["a_b", "a_b"],
    ["127.0.0.1:80", "127.0.0.1"],
    ["[::0001]:8080", "[::1]"],
    ["[::FFFF:1.2.3.4]", "[::ffff:1.2.3.4]"],
    ["[1:0:0:2:0:0:0:3]", "[1:0:0:2::3]"],
    ["[fe80::1%eth0]", undefined],
    ["[::1", undefined],
    ["[::1]x", undefined],
    ["", undefined],
    [".", undefined],
    ["a..b", undefined],
    ["a,b", undefined],
    ["u@h", undefined],
    ["h:", undefined],
    ["h:65536", undefined],
    ["h:1\n", undefined],
    ["\u212a.example", undefined],
    [`${"a".repeat(64)}.b`, undefined],
  ];
  for (const [text, host] of cases) expect(parseHost(text), text).toBe(host);
  expect(parseHostPattern("*.Example.com.")).toBe(".example.com");
  expect(parseHostPattern("B.example.com")).toBe("b.example.com");
  for (const text of ["*", "*.", "a.*.b", "*a.b", "*.a:1", "a:1", "*.[::1]"]) {
    expect(parseHostPattern(text), text).toBeUndefined();
  }
});

test.each([
  ...[
    "",
    "a",
    "/a//b",
    "/**/a",
    "/a*",
    "/*",
    "/{x}{y}",
    "/{}",
    "/{1x}",
    "/{x}/{x}",
    "/a{x}",
    "/%61",
    "/..",
    "/a%2F/b",
  ],
  ...["/a?b", "http://h/a", "/a b", `/${"a".repeat(8_192)}`],
])("%s is no pattern", (text) => {
  expect(parsePattern(text)).toBeUndefined();
});

test("a pattern is below a base path on whole segments", () => {
  const below = (pattern: string, base: string): boolean => isBelow(parsePattern(pattern) ?? [], base);
  expect(below("/api/orders/**", "/api/orders")).toBe(true);
  expect(below("/api/orders", "/api/orders")).toBe(true);
  expect(below("/x", "/")).toBe(true);
  for (const pattern of ["/api/ordersx", "/api", "/api/**", "/{x}/orders"]) {
    expect(below(pattern, "/api/orders"), pattern).toBe(false);
  }
});

test("the most specific pattern wins, segment by segment from the left", () => {
  const patterns = [
    "/p",
    "/p/",
    "/p/**",
    "/p/{id}",
    "/p/7",
    "/p/{id}/items",
    "/p/7/**",
    "/**",
    "/{a}/x",
    "/__proto__",
  ];
  const table = new PatternTable<string>();
  for (const text of patterns) table.entry(parsePattern(text) ?? [], () => text);
  const cases: [string, string][] = [
    ["/p", "/p"],
    ["/p/", "/p/"],
    ["/p/7", "/p/7"],
    ["/p/8", "/p/{id}"],
    ["/p/7/items", "/p/7/**"],
    ["/p/8/items", "/p/{id}/items"],
    ["/p/8/other", "/p/**"],
    ["/p/8/", "/p/**"],
    ["/q/x", "/{a}/x"],
    ["/p/x", "/p/{id}"],
    ["/q", "/**"],
    ["/", "/**"],
    ["/__proto__", "/__proto__"],
    ["/constructor", "/**"],
  ];
  for (const [path, pattern] of cases) expect(table.find(path), path).toBe(pattern);
});
