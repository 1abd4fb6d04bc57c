/** Random policies: mostly sound, sometimes contradicting themselves, sometimes with a member that may not stand there. */

import { publicJwk } from "../support/tokens.ts";
import type { Random } from "./random.ts";
import * as world from "./world.ts";

type Body = Record<string, unknown>;
/** A policy document. */
export type Document = Record<string, Body[]>;

/** A policy document. */
export function makePolicy(random: Random): Document {
  const distinct = (ids: readonly string[], n: number): string[] => random.some(ids, n);
  const document: Document = {
    issuers: ids(random, world.ISSUER_IDS, 8).map((id) => ({ id, ...issuer(random) })),
    apis: ids(random, world.API_IDS, 3).map((id) => ({ id, ...api(random) })),
    clients: ids(random, world.CLIENT_IDS, 4).map((id) => ({ id, ...client(random) })),
    plans: distinct(world.PLAN_IDS, 2).map((id) => ({ id, ...plan(random) })),
    revocations: random.oneIn(2)
      ? random.times(0, 4, (index) => ({ id: `r${index}`, ...revocation(random) }))
      : [],
    tenants: random.oneIn(2) ? distinct(world.TENANT_IDS, 2).map((id) => ({ id, ...tenant(random) })) : [],
    cells: distinct(world.CELL_IDS, 2).map((id) => ({ id })),
  };
  if (!random.oneIn(4)) addSound(random, document);
  if (!random.oneIn(3)) return document;
  // Its parts may be the world's own, which others are made of as well.
  const spoilt = structuredClone(document);
  spoil(random, spoilt);
  return spoilt;
}

/** Entities under which much is permitted, so that the later steps are reached; they may well be contradicted. */
function addSound(random: Random, document: Document): void {
  const keys = ["ed", "es256", "rs"].map((name, index) => ({
    ...publicJwk(name),
    kid: world.KEY_IDS[index % 2],
  }));
  const sections: Document = {
    issuers: [{ id: "corp", issuer: world.ISS[0], audiences: world.AUDIENCES, keys }],
    apis: [
      {
        id: "orders",
        team: "commerce",
        base_path: "/api",
        credentials: ["jwt", "api_key", ...random.some(["certificate"], 2)],
        public_credentials: random.pick(["check", "ignore"]),
        public: ["GET /api/orders/health"],
        operations: [
          { match: "GET /api/orders/**", ...asked(random) },
          { match: "ANY /api/**", scopes: random.some(["orders.read"], 2) },
        ],
      },
    ],
    clients: [
      {
        id: "app",
        team: "mobile",
        credentials: [
          { type: "api_key", id: "k1", sha256: world.sha256Hex(world.keyText("k1")) },
          { type: "jwt", id: "c1", issuer: "corp", client: "mobile" },
          { type: "certificate", id: "c2", spki_sha256: world.CERTIFICATES[0]?.spki_sha256 },
        ],
        grants: [{ api: "orders", scopes: random.some(world.SCOPES, 2), plan: "gold" }],
        ...(random.oneIn(3) ? { tenant: "acme" } : {}),
      },
    ],
  };
  for (const [section, sound] of Object.entries(sections)) {
    const others = document[section] ?? [];
    const keeps = (other: Body): boolean => random.oneIn(3) && !sound.some(({ id }) => id === other["id"]);
    document[section] = [...sound, ...others.filter(keeps)];
  }
}

/** One entity of a document's section, made anew. */
export function makeEntity(random: Random, section: string): Body {
  switch (section) {
    case "issuers":
      return { id: random.pick(world.ISSUER_IDS), ...issuer(random) };
    case "apis":
      return { id: random.pick(world.API_IDS), ...api(random) };
    case "clients":
      return { id: random.pick(world.CLIENT_IDS), ...client(random) };
    case "plans":
      return { id: random.pick(world.PLAN_IDS), ...plan(random) };
    case "tenants":
      return { id: random.pick(world.TENANT_IDS), ...tenant(random) };
    case "cells":
      return { id: random.pick(world.CELL_IDS) };
    default:
      return { id: `r${random.below(6)}`, ...revocation(random) };
  }
}

/** Nearly all of them. */
function ids(random: Random, all: readonly string[], missing: number): string[] {
  return all.filter(() => !random.oneIn(missing));
}

function jwks(random: Random): Body[] {
  const names = ["rs", "rs2", "es256", "es384", "ed", "ed2"];
  return random.times(1, 4, () => {
    const name = random.mostly(random.pick(["ed", "es256"]), 3, names);
    const jwk: Body = publicJwk(name);
    for (const member of ["kid", "alg", "use", "key_ops"]) delete jwk[member];
    if (!random.oneIn(4)) jwk["kid"] = random.mostly(world.KEY_IDS[0], 2, world.KEY_IDS);
    if (random.oneIn(4)) jwk["use"] = random.mostly("sig", 4, ["enc", null, 1]);
    if (random.oneIn(6)) jwk["key_ops"] = random.mostly(["verify"], 3, [["sign"], [], "verify", null]);
    if (random.oneIn(4)) {
      jwk["alg"] = random.pick([
        "RS256",
        "PS256",
        "ES256",
        "ES384",
        "EdDSA",
        "Ed25519",
        "EdDSA",
        "HS256",
        null,
      ]);
    }
    return random.oneIn(10) ? oddJwk(random, jwk) : jwk;
  });
}

function oddJwk(random: Random, jwk: Body): Body {
  const padded = (member: unknown): string =>
    Buffer.concat([Buffer.alloc(1), Buffer.from(String(member ?? ""), "base64url")]).toString("base64url");
  return random.pick<Body>([
    { kty: "oct", k: "AAAA" },
    { ...jwk, kid: 7 },
    { ...jwk, x: `${String(jwk["x"] ?? "")}=` },
    { ...jwk, x: "AAAA", n: "AAAA" },
    { ...jwk, x: padded(jwk["x"]), n: padded(jwk["n"]), e: padded(jwk["e"]) },
    // No point, a point of small order, and no number below the prime.
    { ...jwk, x: Buffer.from(`02${"00".repeat(31)}`, "hex").toString("base64url") },
    { ...jwk, x: Buffer.from(`01${"00".repeat(31)}`, "hex").toString("base64url") },
    { ...jwk, x: Buffer.alloc(32, 255).toString("base64url") },
    { ...jwk, y: jwk["x"] },
    ...["Ag", "AQ", "Aw", "AQAC", "AgAAAAE"].map((e) => ({ ...jwk, e })),
    { ...jwk, crv: "P-521" },
    { ...jwk, crv: "Ed25519", kty: "EC" },
    {},
  ]);
}

function issuer(random: Random): Body {
  const body: Body = {
    issuer: random.pick(world.ISS),
    audiences: random.times(1, 2, () => random.pick(world.AUDIENCES)),
  };
  if (!random.oneIn(20)) body["keys"] = jwks(random);
  if (random.oneIn(4)) body["jwks_uri"] = "https://auth.example.com/keys";
  if (random.oneIn(4)) {
    body["algorithms"] = random.pick([
      ["ES256", "EdDSA"],
      ["RS256"],
      ["Ed25519"],
      ["ES384", "PS384", "EdDSA"],
    ]);
  }
  if (random.oneIn(4)) {
    body["claims"] = random.pick<Body>([
      { client: "client_id", scopes: "permissions" },
      { user: "/user/id", role: "/user/roles/0", tenant: "/t~1x" },
      { role: "roles", user: "__proto__" },
      { tenant: "/user/tenants/1", client: "/user/app", other: 7 },
      { user: "/~0/", role: "/user/roles/00" },
    ]);
  }
  if (random.oneIn(6)) body["preset"] = "cognito";
  if (random.oneIn(3)) body["clients"] = random.pick(["any", "registered"]);
  if (random.oneIn(3)) body["leeway_s"] = random.pick([0, 30, 1, 300, -0]);
  return body;
}

function api(random: Random): Body {
  const base = random.mostly(random.pick(["/api/orders", "/"]), 3, world.BASE_PATHS);
  const pattern = (): string => {
    const tail = random.mostly(random.pick(["/**", "/{id}", "/7", ""]), 2, world.TAILS.slice(0, -4));
    return base === "/" ? tail || "/" : base + tail;
  };
  const match = (): string => `${random.pick(world.METHODS)} ${pattern()}`;
  const body: Body = { team: random.pick(world.TEAMS), base_path: base };
  if (random.oneIn(3)) body["hosts"] = random.times(1, 2, () => random.pick(world.HOST_PATTERNS));
  if (random.oneIn(2)) {
    body["credentials"] = random.pick([
      ["jwt"],
      ["api_key"],
      ["certificate"],
      ["jwt", "api_key", "certificate"],
    ]);
  }
  if (random.oneIn(4)) body["api_key_header"] = random.pick(world.KEY_HEADERS);
  if (random.oneIn(4)) body["forward_token"] = random.oneIn(2);
  if (random.oneIn(3)) body["public_credentials"] = random.pick(["check", "ignore"]);
  if (random.oneIn(2)) body["public"] = random.times(1, 3, match);
  const wide = { match: `ANY ${base === "/" ? "" : base}/**`, ...asked(random) };
  body["operations"] = [
    ...random.times(0, 4, () => ({ match: match(), ...asked(random) })),
    ...random.some([wide], 2),
  ];
  if (random.oneIn(30)) body["public"] = [`GET ${base}${random.pick(world.TAILS)}`];
  return body;
}

function asked(random: Random): Body {
  const scopes = random.some(world.SCOPES, 3);
  switch (random.below(6)) {
    case 0:
      return {};
    case 1:
      return {
        any_of: random.times(1, 3, () => [random.pick(world.SCOPES), ...random.some(world.SCOPES, 4)]),
      };
    default:
      return { scopes };
  }
}

function credential(random: Random): Body {
  const id = random.pick(world.CREDENTIAL_IDS);
  const limit = random.oneIn(6) ? { expires_at: world.time(world.NOW + random.pick(world.EDGES)) } : {};
  switch (random.below(5)) {
    case 0:
    case 1:
      return { type: "api_key", id, sha256: world.sha256Hex(world.keyText(id)), ...limit };
    case 2:
    case 3: {
      const claim = random.pick(world.CLIENT_CLAIMS);
      return { type: "jwt", id, issuer: random.pick(world.ISSUER_IDS), client: claim, ...limit };
    }
    default: {
      const { spki_sha256, sans } = random.pick(world.CERTIFICATES);
      const by = random.oneIn(2) ? { spki_sha256 } : { san: random.pick(sans) };
      return { type: "certificate", id, ...by, ...limit };
    }
  }
}

function client(random: Random): Body {
  const body: Body = { team: random.pick(world.TEAMS) };
  if (random.oneIn(8)) body["status"] = random.mostly("suspended", 3, ["active"]);
  if (random.oneIn(4)) body["tenant"] = random.pick(world.TENANT_IDS);
  if (!random.oneIn(20)) body["credentials"] = random.times(1, 4, () => credential(random));
  body["grants"] = random.times(1, 4, () => {
    const grant: Body = { api: random.pick(world.API_IDS) };
    if (!random.oneIn(6)) grant["scopes"] = random.some(world.SCOPES, 2);
    if (random.oneIn(4)) grant["scopes"] = [...world.SCOPES].reverse();
    if (random.oneIn(3)) grant["plan"] = random.pick(world.PLAN_IDS);
    return grant;
  });
  return body;
}

function plan(random: Random): Body {
  return random.pick<Body>([
    { rate: "100/s", burst: 20 },
    { quota: "1000000/month" },
    { rate: "1000000000/h", quota: "1/day" },
    { rate: "0/s" },
  ]);
}

function revocation(random: Random): Body {
  const issuer = random.pick(world.ISSUER_IDS);
  const issued_before = world.time(world.NOW - 100 + random.pick(world.EDGES));
  const body = random.pick<Body>([
    { issuer, jti: random.pick(world.JTIS) },
    { token_sha256: world.sha256Hex("no token") },
    { credential: random.pick(world.CREDENTIAL_IDS) },
    { issuer, kid: random.pick(world.KEY_IDS) },
    { issuer, subject: random.pick(world.SUBJECTS), issued_before },
    { issuer, client: random.pick(world.CLIENT_CLAIMS), issued_before },
    { issuer, client: random.pick(world.CLIENT_CLAIMS) },
  ]);
  return random.oneIn(3) ? { ...body, until: world.time(world.NOW + random.pick(world.EDGES)) } : body;
}

function tenant(random: Random): Body {
  const body: Body = {};
  if (random.oneIn(2)) body["cell"] = random.pick([...world.CELL_IDS, "nowhere"]);
  if (random.oneIn(5)) body["status"] = random.pick(["suspended", "active"]);
  return body;
}

const ODD: readonly unknown[] = [
  null,
  0,
  -0,
  1.5,
  2 ** 53,
  "",
  "x",
  " ",
  "é",
  "a".repeat(2_000),
  [],
  {},
  [[]],
  true,
  "/",
  "\u0000",
];

/** Something that should not be there, in one place. */
function spoil(random: Random, document: Document): void {
  const entities = Object.values(document).flat();
  if (entities.length === 0) return;
  const entity = random.pick(entities);
  if (random.oneIn(4)) {
    entity["needs"] = random.pick([["signed-requests"], [], ["a", "b"]]);
    return;
  }
  let place: Record<string, unknown> | unknown[] = entity;
  for (;;) {
    const names = Object.keys(place).filter((name) => name !== "id" || place !== entity);
    if (names.length === 0) return;
    const name = random.pick(names);
    const value = (place as Record<string, unknown>)[name];
    const isDeeper = typeof value === "object" && value !== null && !random.oneIn(3);
    if (!isDeeper) {
      if (random.oneIn(4)) delete (place as Record<string, unknown>)[name];
      else (place as Record<string, unknown>)[name] = random.pick(ODD);
      if (Array.isArray(place)) place.splice(0, place.length, ...place.filter(() => true));
      return;
    }
    place = value as Record<string, unknown>;
  }
}
