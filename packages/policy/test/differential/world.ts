/**
 * The small world in which random policies, tokens and requests are made: so few names that they meet all the time.
 */

import { createHash } from "node:crypto";

/** About when everything happens, Unix seconds. */
export const NOW = 1_763_900_000;
/** Seconds around a limit that has to be met exactly. */
export const EDGES = [-31, -30, -29, -1, 0, 1, 29, 30, 31];

export const HOSTS = [
  "shop.example.com",
  "a.b.example.com",
  "b.example.com",
  "example.com",
  "other.test",
  "[::1]",
];
export const HOST_PATTERNS = [
  ...["shop.example.com", "*.example.com", "*.b.example.com", "b.example.com", "SHOP.example.com.", "*.test"],
  ...["[::1]", "[0:0::1]"],
];
export const BASE_PATHS = [
  "/",
  "/api",
  "/api/orders",
  "/api/orders/returns",
  "/api/ord",
  "/caf%C3%A9",
  "/api/a*b",
];
export const TAILS = [
  ...[
    "",
    "/",
    "/**",
    "/{id}",
    "/{other}",
    "/7",
    "/{id}/items",
    "/7/{x}",
    "/7/**",
    "/{id}/**",
    "/health",
    "/returns/**",
  ],
  ...["/returns", "/%20", "/a;b", "/%2F", "/{id}/", "/7/items", "/**/x", "/*"],
];
export const METHODS = ["GET", "GET", "GET", "POST", "ANY", "HEAD", "PUT", "PROPFIND"];
export const REQUEST_METHODS = [
  ...[
    "GET",
    "GET",
    "GET",
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "PROPFIND",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "get",
    "ANY",
    "",
  ],
];
export const PATH_SEGMENTS = [
  "api",
  "orders",
  "returns",
  "7",
  "items",
  "health",
  "ord",
  "x",
  "caf%C3%A9",
  "%20",
  "a;b",
  "a%2Fb",
  "Api",
  "%7B",
];
export const SCOPES = ["orders.read", "orders.write", "a", "b", "!"];
export const TEAMS = ["commerce", "mobile"];
export const API_IDS = ["orders", "api", "returns", "Root", "a.b"];
export const CLIENT_IDS = ["app", "App", "mobile-app", "zeta", "0"];
export const CREDENTIAL_IDS = ["k1", "k2", "k3", "c1", "c2", "K1"];
export const ISSUER_IDS = ["corp", "cognito", "partner"];
export const ISS = ["https://auth.example.com", "https://pool.example.com", "urn:partner"];
export const AUDIENCES = ["api.example.com", "web", "7"];
export const CLIENT_CLAIMS = ["mobile", "web", "constructor", "ünï"];
export const TENANT_IDS = ["acme", "globex", "7", "true"];
export const CELL_IDS = ["eu-1", "us-1"];
export const PLAN_IDS = ["gold", "free"];
export const KEY_IDS = ["k-2025", "k-2026", "", "__proto__"];
export const SUBJECTS = ["u1", "u2", "ü"];
export const JTIS = ["j1", "j2"];
export const KEY_HEADERS = ["X-Api-Key", "X-Key", "x-KEY"];

/** API keys by credential id; the last of each is a wrong one. */
export function keyText(id: string, isWrong = false): string {
  const secret = createHash("sha256").update(id).digest("base64url");
  return `sb_${id}_${isWrong ? secret.toLowerCase() : secret}`;
}

/** Lower-case hex. */
export function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Certificates that clients show. */
export const CERTIFICATES = ["one", "two", "three"].map((name) => ({
  spki_sha256: sha256Hex(`spki ${name}`),
  x5t_s256: createHash("sha256").update(`certificate ${name}`).digest("base64url"),
  sans: [`${name}.client.test`, "shared.client.test"],
}));

/** An RFC 3339 time. */
export function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
