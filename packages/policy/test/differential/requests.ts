/** Random requests: near what the policy names, and just beside it. */

import { parsePath } from "../../src/index.ts";
import type { Batch } from "../../tools/cases.ts";
import { publicJwk } from "../support/tokens.ts";
import type { Random } from "./random.ts";
import type { Made } from "./tokens.ts";
import * as world from "./world.ts";

/** A request of a batch. */
export type Asked = Batch["requests"][number];

/** A request, with tokens of a stock, and keys fetched for one of the issuers. */
export function makeRequest(random: Random, stock: readonly Made[], issuers: readonly string[]): Asked {
  const headers: [string, string][] = [];
  const kinds = random.below(16);
  if (kinds < 7 || kinds === 13) headers.push([fieldName(random, "Authorization"), bearer(random, stock)]);
  if (kinds >= 6 && kinds < 13) headers.push([fieldName(random, keyHeader(random)), apiKey(random)]);
  if (random.oneIn(30))
    headers.push(["authorization", random.pick(["Basic eDp5", "", "Bearer", "bearer  x"])]);
  if (random.oneIn(60)) headers.push([keyHeader(random), apiKey(random)]);
  if (random.oneIn(10)) headers.push(["Cookie", "sb=1"], ["X-User-Id", "root"], ["X-Api-\u212aey", "x"]);
  const request: Record<string, unknown> = {
    method: random.mostly("GET", 2, world.REQUEST_METHODS),
    path: makePath(random),
    headers,
    now: world.NOW + random.mostly(0, 4, [...world.EDGES, 10_000_000]),
  };
  if (!random.oneIn(20)) request["host"] = random.mostly("shop.example.com", 4, world.HOSTS);
  if (random.oneIn(5) || kinds === 13) request["certificate"] = certificate(random);
  if (random.oneIn(12)) request["apis"] = random.some(world.API_IDS);
  if (random.oneIn(3)) request["cell"] = random.pick(world.CELL_IDS);
  if (random.oneIn(30) && issuers.length > 0)
    request["fetched"] = { [random.pick(issuers)]: fetched(random) };
  return request as unknown as Asked;
}

function makePath(random: Random): string {
  if (!random.oneIn(3))
    return random.pick(["/api/orders/7", "/api/orders", "/api/orders/", "/api/orders/health", "/"]);
  for (;;) {
    const segments = random.times(0, 5, () => random.pick(world.PATH_SEGMENTS));
    const start = random.oneIn(2) ? ["api", "orders"] : [];
    const path = `/${[...start, ...segments].join("/")}${random.oneIn(6) && segments.length > 0 ? "/" : ""}`;
    if (parsePath(path) === path) return path;
  }
}

function fieldName(random: Random, name: string): string {
  return random.oneIn(2) ? name : name.toUpperCase();
}

function keyHeader(random: Random): string {
  return random.mostly("X-Api-Key", 8, world.KEY_HEADERS);
}

function bearer(random: Random, stock: readonly Made[]): string {
  const token = random.pick(stock).text;
  return random.mostly(`Bearer ${token}`, 20, [
    ...[
      `bearer   ${token}`,
      `BEARER ${token}`,
      `Bearer\t${token}`,
      `Bearer`,
      "Bearer ",
      "Basic eDp5",
      token,
      "",
    ],
    ...[`Bearer ${token} x`, `Bearer: ${token}`, `\u212aearer ${token}`, `DPoP ${token}`, `Bearer ${token},`],
  ]);
}

function apiKey(random: Random): string {
  const id = random.mostly("k1", 3, world.CREDENTIAL_IDS);
  const text = world.keyText(id);
  return random.mostly(text, 12, [
    ...[
      world.keyText(id, true),
      "",
      "sb_",
      `sb_${id}`,
      `sb_${id}_`,
      `SB_${text.slice(3)}`,
      `${text}=`,
      `${text} `,
    ],
    ...[
      `sb_${id}_${"x".repeat(300)}`,
      "sb___proto___x",
      `sb_${id.toLowerCase()}_${text.split("_")[2]}`,
      "sb_k\u00e9_x",
    ],
  ]);
}

function certificate(random: Random): unknown {
  const one = random.pick(world.CERTIFICATES);
  const [own = ""] = one.sans;
  return random.mostly<unknown>(one, 3, [
    { ...one, spki_sha256: world.sha256Hex("stranger") },
    { ...one, spki_sha256: world.sha256Hex("stranger"), sans: [own, "two.client.test"] },
    { ...one, sans: [], spki_sha256: world.sha256Hex("stranger") },
  ]);
}

function fetched(random: Random): unknown[] {
  return random.times(0, 2, () => ({
    ...publicJwk(random.pick(["ed", "es256", "rs", "ed2"])),
    ...(random.oneIn(4) ? {} : { kid: random.pick(world.KEY_IDS) }),
  }));
}
