/** JSON of records: taken and refused exactly as by the reader of the rule, whichever way a line goes. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJsonObject } from "../src/json.ts";
import { parsePlainObject, parseRepeatingObject } from "../src/plain.ts";

/** With maps as objects; `__proto__` is a member like any other. */
function plain(value: unknown): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, member]) => [name, plain(member)]));
  }
  return Array.isArray(value) ? value.map(plain) : value;
}

function compare(text: string): boolean {
  const strict = parseJsonObject(Buffer.from(text));
  const found = parsePlainObject(text);
  expect(found === undefined, text).toBe(strict === undefined);
  if (strict !== undefined) expect(found, text).toStrictEqual(plain(strict));
  const repeating = parseRepeatingObject(text);
  expect(repeating?.isSound === true, text).toBe(strict !== undefined);
  return strict !== undefined;
}

/** Pieces from which lines come about that nearly are what they should be. */
const NAMES = [
  "a",
  "b",
  "__proto__",
  "toJSON",
  "1",
  "0",
  "",
  "\\u0061",
  "\\ud800",
  "\\ud83d\\ude00",
  "ü",
  "é\u2028",
  "\\/",
];
const SCALARS = [
  ...[
    "0",
    "-0",
    "1",
    "1.0",
    "1e3",
    "1E400",
    "-1e400",
    "5e-324",
    "9007199254740993",
    "01",
    "1.",
    "null",
    "true",
  ],
  ...[
    "tru",
    '""',
    '"x"',
    '"\\u0061"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud83d\\ude00"',
    '"\\n"',
    '"\n"',
    '"\\x"',
  ],
  ...['"a\\"b"', '"{\\"a\\":1}"', '":"', '"\u007f"', '"\u2028"', "NaN", "", "1 2"],
];
const blank = fc.constantFrom("", "", "", "", " ", "\t", "\r", "\n", "\u00a0", "\ufeff");
const { value } = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(...SCALARS),
    fc.constantFrom('"x"', "1", '"a:b"'),
    tie("object"),
    tie("array"),
  ),
  object: fc
    .array(fc.tuple(fc.constantFrom(...NAMES), tie("value"), blank), { maxLength: 3 })
    .map((members) => `{${members.map(([name, of, gap]) => `"${name}":${gap}${of}`).join(",")}}`),
  array: fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
}));

test("adversarial lines", () => {
  let taken = 0;
  let lines = 0;
  const line = fc.tuple(blank, value, value, fc.constantFrom(...NAMES), fc.constantFrom(...NAMES), blank);
  fc.assert(
    fc.property(line, ([before, a, b, first, second, behind]) => {
      lines++;
      if (compare(`${before}{"${first}":${a},"${second}":${b}}${behind}`)) taken++;
    }),
    { numRuns: 3_000 },
  );
  // Both outcomes have to come up for the comparison to mean something.
  expect(taken).toBeGreaterThan(lines / 50);
  expect(lines - taken).toBeGreaterThan(lines / 50);
});

test("canonical lines, as they are and with one character changed", () => {
  const names = fc.constantFrom("a", "b", "c", "1", "__proto__");
  const values = fc.object({ key: names, maxDepth: 4, withNullPrototype: false });
  const change = fc.tuple(values, fc.nat(), fc.constantFrom(...'{}[]",:\\ u0e-.a'), fc.boolean());
  fc.assert(
    fc.property(change, ([object, place, character, isReplaced]) => {
      const text = JSON.stringify(object);
      compare(text);
      const at = place % text.length;
      compare(text.slice(0, at) + character + text.slice(isReplaced ? at + 1 : at));
    }),
    { numRuns: 2_000 },
  );
});

test("a member twice, and nothing else wrong", () => {
  const twice = '{"a":1,"b":{"c":[],"c":"x"},"a":2}';
  expect(parsePlainObject(twice)).toBeUndefined();
  expect(parseRepeatingObject(twice)).toEqual({ value: { a: 2, b: { c: "x" } }, isSound: false });
  for (const worse of ['"x":1e400', '"x":"\\ud800"', `"x":${"[".repeat(16)}${"]".repeat(16)}`]) {
    expect(parseRepeatingObject(`{"a":1,"a":2,${worse}}`), worse).toBeUndefined();
  }
});

test("depth, also where a line is written without blanks", () => {
  const nested = (depth: number): string => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
  const objects = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  for (const make of [nested, objects]) {
    expect(parsePlainObject(make(16))).toBeDefined();
    expect(parsePlainObject(make(17))).toBeUndefined();
    expect(parsePlainObject(make(100_000))).toBeUndefined();
  }
});

test("a text that no bytes are decoded to", () => {
  expect(parseRepeatingObject('{"a":"\ud800"}')).toBeUndefined();
  expect(parseRepeatingObject('{"a":"\ud83d\ude00"}')?.isSound).toBe(true);
});
