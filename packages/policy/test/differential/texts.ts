/** Bodies of records as texts, some of which break the rule of JSON in one place: a member twice, above all. */

import type { Random } from "./random.ts";

/** What may stand for one more member; names may be ones that nobody knows. */
const MEMBERS: readonly string[] = [
  '"team":"mobile"',
  '"base_path":"/"',
  '"hosts":["other.test"]',
  '"issuer":"https://pool.example.com"',
  '"credentials":[]',
  '"status":"active"',
  '"kty":"RSA"',
  '"kid":"k-2025"',
  '"api":"returns"',
  '"scopes":["a","b"]',
  '"te\\u0061m":"mobile"',
  '"x":1',
  '"x":1,"x":2',
  '"x":{"y":[{"z":1,"z":1}]}',
  '"x":"\\ud83d\\ude00"',
  '"x":"\\ud83d"',
  '"\\ude00":1',
  '"x":1e400',
  '"x":-1e-400',
  '"x":01',
  '"x":"\u007f"',
  '"x":"\t"',
  '"x":"\\x"',
  '"x":',
  "",
  `"x":${"[".repeat(15)}${"]".repeat(15)}`,
  `"x":${"[".repeat(16)}${"]".repeat(16)}`,
  `"x":${"[".repeat(40)}${"]".repeat(40)}`,
];

/** A body as text. */
export function makeText(random: Random, body: object): string {
  const text = JSON.stringify(body);
  switch (random.below(6)) {
    case 0:
      return text;
    case 1:
      return ` ${text.replaceAll(":", " : ")}\n`;
    case 2:
      return random.pick([`${text}x`, text.slice(0, -1), "", "[]", "null", "7", `"${text.length}"`, "{}{}"]);
    default:
      return withMember(random, text);
  }
}

/** With one more member somewhere, before or behind those that an object has. */
function withMember(random: Random, text: string): string {
  const member = random.pick(MEMBERS);
  const places = [...text.matchAll(/[{}]/g)];
  const place = random.pick(places);
  const isFirst = place[0] === "{";
  const isEmpty = isFirst ? text[place.index + 1] === "}" : text[place.index - 1] === "{";
  const inserted = isEmpty ? member : isFirst ? `${member},` : `,${member}`;
  const at = isFirst ? place.index + 1 : place.index;
  return text.slice(0, at) + inserted + text.slice(at);
}
