/** A stock of really signed tokens, good and bad: signing is dear, so that few are made and many requests share them. */

import { makeToken, type TokenRecipe } from "../support/tokens.ts";
import type { Random } from "./random.ts";
import * as world from "./world.ts";

/** A token with how it was made, so that a smaller one can be made of it. */
export interface Made {
  readonly recipe: TokenRecipe;
  readonly text: string;
}

const ALG_OF: Record<string, readonly string[]> = {
  ed: ["EdDSA", "EdDSA", "EdDSA", "Ed25519"],
  ed2: ["EdDSA"],
  es256: ["ES256"],
  es384: ["ES384"],
  rs: ["RS256", "PS256", "RS384", "PS384", "RS512", "PS512"],
  rs2: ["RS256", "PS256"],
};

/** Makes a stock. */
export function makeStock(random: Random, count: number): Made[] {
  return Array.from({ length: count }, () => {
    const recipe = makeRecipe(random);
    return { recipe, text: makeToken(recipe) };
  });
}

function makeRecipe(random: Random): TokenRecipe {
  const key = random.mostly(random.pick(["ed", "es256"]), 6, ["rs", "rs2", "es384", "ed2", "rs"]);
  const alg = random.pick(ALG_OF[key] ?? []);
  const header = makeHeader(random, alg);
  const claims = makeClaims(random);
  const recipe = { header, claims, key, alg };
  if (random.oneIn(12)) return { ...recipe, header: random.pick(oddObjects(header)) };
  if (random.oneIn(12)) return { ...recipe, claims: random.pick(oddObjects(claims)) };
  if (random.oneIn(40)) return { ...recipe, signature: random.pick(["flip", "", "AAAA", "AB", "A=", "!"]) };
  return random.oneIn(40) ? { raw: random.pick(rawTokens(makeToken(recipe))) } : recipe;
}

function makeHeader(random: Random, alg: string): Record<string, unknown> {
  const header: Record<string, unknown> = { alg };
  // Most policies give the keys these names.
  const usual = alg === "ES256" ? world.KEY_IDS[1] : world.KEY_IDS[0];
  if (!random.oneIn(3)) header["kid"] = random.mostly(usual, 5, world.KEY_IDS);
  if (random.oneIn(4)) {
    header["typ"] = random.mostly("JWT", 2, [
      "at+jwt",
      "AT+JWT",
      "application/at+jwt",
      "jose",
      7,
      null,
      "JW\u212aT",
    ]);
  }
  if (random.oneIn(40))
    header[random.pick(["crit", "b64", "jwk", "jku", "x5u", "x5c"])] = random.pick([null, [], "x"]);
  if (random.oneIn(40))
    header["alg"] = random.pick(["none", "HS256", "RS256", "eddsa", 7, null, "ES512", "ES256"]);
  if (random.oneIn(60)) header["kid"] = random.pick([7, null, {}]);
  return header;
}

function makeClaims(random: Random): Record<string, unknown> {
  const claims: Record<string, unknown> = {
    iss: random.mostly(random.pick([...world.ISS.slice(0, 2), world.ISS[0]]), 6, [
      ...world.ISS,
      "https://auth.example.com/",
    ]),
    aud: random.mostly<unknown>(world.AUDIENCES, 4, [
      ...world.AUDIENCES,
      ["x", "web"],
      [],
      ["web", 7],
      null,
      7,
    ]),
    exp: world.NOW + random.mostly(3_600, 5, world.EDGES),
  };
  const optional = (n: number, name: string, make: () => unknown): void => {
    if (!random.oneIn(n)) claims[name] = make();
  };
  optional(15, "azp", () => random.mostly("mobile", 3, [...world.CLIENT_CLAIMS, "nobody"]));
  optional(3, "client_id", () => random.pick([...world.CLIENT_CLAIMS, ...world.AUDIENCES]));
  optional(4, "sub", () => random.mostly("u1", 3, [...world.SUBJECTS, "a b", "", 7, "x".repeat(1_025)]));
  optional(6, "scope", () => random.mostly<unknown>(world.SCOPES.join(" "), 3, scopeClaims(random)));
  optional(3, "role", () => random.pick(VALUES));
  optional(3, "permissions", () => random.some(world.SCOPES));
  optional(2, "tenant_id", () =>
    random.mostly<unknown>("acme", 3, [...world.TENANT_IDS, 7, true, null, "", VALUES[8]]),
  );
  optional(2, "iat", () => world.NOW - 100 + random.pick(world.EDGES) + random.pick([0, 0.5]));
  optional(2, "jti", () => random.pick<unknown>([...world.JTIS, 7]));
  optional(2, "user", () => ({
    id: random.pick(VALUES),
    roles: ["admin", "x,y"],
    tenants: [0, "acme"],
    app: "web",
  }));
  optional(2, "cognito:groups", () => random.pick(VALUES));
  optional(3, "token_use", () => random.mostly("access", 4, ["id", null]));
  if (random.oneIn(12)) claims["nbf"] = world.NOW + random.pick(world.EDGES);
  if (random.oneIn(30)) claims["aud"] = undefined;
  if (random.oneIn(20)) claims["t/x"] = random.pick(VALUES);
  if (random.oneIn(25)) claims["cnf"] = confirmation(random);
  if (random.oneIn(25)) claims[random.pick(["exp", "nbf", "iat", "iss"])] = random.pick(ODD_TIMES);
  if (random.oneIn(40)) claims["exp"] = undefined;
  return claims;
}

function scopeClaims(random: Random): unknown[] {
  return [
    random.some(world.SCOPES),
    "  a  b ",
    "a\tb",
    ["a", 7],
    7,
    {},
    [],
    "",
    [""],
    ["a b"],
    "orders.read orders.read",
  ];
}

/** Values that have a header form, and values that have none. */
const VALUES: readonly unknown[] = [
  ...[
    "admin",
    "a b",
    "",
    "é",
    "~!",
    0,
    -0,
    5,
    "x".repeat(1_024),
    "x".repeat(1_025),
    2 ** 53,
    -(2 ** 53),
    2 ** 53 + 2,
  ],
  ...[
    1.5,
    1e21,
    true,
    false,
    null,
    {},
    [],
    ["a", "b"],
    ["a,b", "50%", "é", "\u{1f600}"],
    [""],
    ["", ""],
    ["a", 7],
    [[]],
  ],
  ...[["x".repeat(400), "é".repeat(150)], ["x".repeat(1_024)], "\u007f", "a\u0000"],
];

const ODD_TIMES: readonly unknown[] = [
  ...[null, "1763900000", -1, -0, -0.5, 0.5, 1e300, 2 ** 53, 2 ** 53 + 2, {}, [], true],
  ...[world.NOW + 30.999, world.NOW - 30.001],
];

function confirmation(random: Random): unknown {
  const { x5t_s256 } = random.pick(world.CERTIFICATES);
  return random.mostly<unknown>({ "x5t#S256": x5t_s256 }, 3, [
    ...[{}, null, "x", { jkt: "x" }, { "x5t#S256": x5t_s256, jkt: "x" }, { "x5t#S256": 7 }],
  ]);
}

/** The same object in JSON that is odd, or that is no such object. */
function oddObjects(value: Record<string, unknown>): string[] {
  const json = JSON.stringify(value);
  const open = json.slice(0, -1);
  const deep = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  return [
    ` \t\r\n${json} `,
    `\ufeff${json}`,
    `${json}x`,
    `[${json}]`,
    `${open},"iss":"urn:partner"}`,
    `${open},"x":1,"\\u0078":2}`,
    `${open},"x":{"y":1,"y":1}}`,
    `${open},"x":"\\ud800"}`,
    `${open},"x":"\\ud83d\\ude00"}`,
    `${open},"x":"\\udc00\\ud800"}`,
    `${open},"x":"a\tb"}`,
    `${open},"x":"\u007f\u2028"}`,
    `${open},"x":1e400}`,
    `${open},"x":-1e-400}`,
    `${open},"x":01}`,
    `${open},"x":1.}`,
    `${open},"x":.5}`,
    `${open},"x":+1}`,
    `${open},"x":NaN}`,
    `${open},"x":"\\x41"}`,
    `${open},"x":"\\u00G0"}`,
    `${open},"x":'a'}`,
    `${open},}`,
    `${open},"x":${deep(15)}}`,
    `${open},"x":${deep(16)}}`,
    `${open},"x":${"[".repeat(15)}1${"]".repeat(15)}}`,
    `${open},"__proto__":{"iss":"x"}}`,
    `${open},"__proto__":"u2","constructor":"x"}`,
    `${open},"exp":${world.NOW}.0e0,"nbf":0E+0}`,
    "",
    "{}",
    "null",
    '"x"',
    "{",
    `${open}`,
  ];
}

/** What somebody does to the text of a token. */
function rawTokens(text: string): string[] {
  const [header = "", claims = "", signature = ""] = text.split(".");
  return [
    `${text}.`,
    `${text}=`,
    ` ${text}`,
    `${header}.${claims}`,
    `${header}.${claims}.`,
    `.${claims}.${signature}`,
    `${header}..${signature}`,
    `${header}.${claims}.${signature}A`,
    `${header}.${claims}.${signature}.x`,
    `${header}.${claims}.${signature.replaceAll("-", "+").replaceAll("_", "/")}`,
    `${header}.${claims.slice(0, -1)}.${signature}`,
    `${header}.${claims}\u212a.${signature}`,
    `${header}.${claims}.${signature.slice(0, -1)}${signature.endsWith("A") ? "B" : "A"}`,
    `${header} .${claims}.${signature}`,
    "...",
    "",
    "x",
    `${"a".repeat(16_384)}`,
    `${header}.${claims}.${"A".repeat(16_384 - header.length - claims.length - 2)}`,
    `${header}.${claims}.${"A".repeat(16_385 - header.length - claims.length - 2)}`,
  ];
}
