/** JSON of tokens: all that the rule takes means what `JSON.parse` says, and what the rule refuses is refused. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJsonObject } from "../src/json.ts";

function parse(text: string): unknown {
  return parseJsonObject(Buffer.from(text));
}

/** With maps as objects. */
function plain(value: unknown): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, member]) => [name, plain(member)]));
  }
  return Array.isArray(value) ? value.map(plain) : value;
}

test("sound JSON is read as by JSON.parse", () => {
  const values = fc.object({
    maxDepth: 6,
    withBigInt: false,
    withUnicodeString: true,
    key: fc.string(),
  } as object);
  fc.assert(
    fc.property(values, (value) => {
      const text = JSON.stringify(value);
      // `stringify` escapes lone surrogates alone.
      if (/\\ud[89a-f]/i.test(text)) return;
      const read = parse(text);
      expect(JSON.stringify(plain(read))).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

test("members may have any name", () => {
  const read = parseJsonObject(Buffer.from('{"__proto__":{"x":1},"constructor":2,"":3}'));
  expect(read?.get("constructor")).toBe(2);
  expect(read?.get("")).toBe(3);
  expect(plain(read?.get("__proto__"))).toEqual({ x: 1 });
  expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
});

const nested = (depth: number): string => `{"x":${"[".repeat(depth)}${"]".repeat(depth)}}`;

test.each([
  ' \t\r\n{ "a" : [ 1 , -0 , 1.5e+3 , true , null ] } \n',
  '{"a":"\\ud83d\\ude00\\u0000\\/\u007f\u2028"}',
  '{"a":1e308}',
  '{"a":1e-999}',
  nested(15),
])("taken: %j", (text) => {
  expect(parse(text)).toBeInstanceOf(Map);
});

test.each([
  ["", "nothing"],
  ["[]", "an array"],
  ['"x"', "a string"],
  ["\ufeff{}", "a byte order mark"],
  ["{}x", "something behind"],
  ["{}\u00a0", "a blank that is none"],
  ["{}\u000b", "a blank that is none"],
  ['{"a":1,"a":2}', "two members"],
  ['{"a":1,"\\u0061":2}', "two members, one with an escape"],
  ['{"x":{"a":1,"a":1}}', "two members further in"],
  ['{"a":"\\ud800"}', "half a pair"],
  ['{"a":"\\ude00\\ud83d"}', "a pair the wrong way round"],
  ['{"a":"\\ud83dx"}', "half a pair"],
  ['{"\\udfff":1}', "half a pair as a name"],
  ['{"a":"\n"}', "a line end in a string"],
  ['{"a":"\\x41"}', "an unknown escape"],
  ['{"a":"\\u00g0"}', "an escape without digits"],
  ['{"a":"\\u 041"}', "an escape with a blank"],
  ['{"a":1e400}', "a number beyond a double"],
  ['{"a":01}', "a leading zero"],
  ['{"a":1.}', "a point without digits"],
  ['{"a":.5}', "a point first"],
  ['{"a":+1}', "a plus"],
  ['{"a":-}', "a sign alone"],
  ['{"a":0x10}', "hexadecimal"],
  ['{"a":NaN}', "no number"],
  ['{"a":1,}', "a comma at the end"],
  ['{"a" 1}', "no colon"],
  ["{a:1}", "a bare name"],
  ['{"a":[1,]}', "a comma at the end of a list"],
  ['{"a":"', "an end within a string"],
  ['{"a":tru}', "half a word"],
  [nested(16), "too deep"],
])("refused: %j (%s)", (text) => {
  expect(parse(text)).toBeUndefined();
});

test("bytes that are no UTF-8 are refused", () => {
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
    expect(parseJsonObject(Buffer.from([0x7b, 0x22, ...bytes, 0x22, 0x3a, 0x31, 0x7d]))).toBeUndefined();
  }
});
