/**
 * Measures `decide` with many clients: uniformly random API keys, each request through all three steps, hash included.
 *
 * Prints one JSON object: nanoseconds of CPU time per decision (median over rounds, with the range), bytes of heap per
 * client, and milliseconds to apply one change. SWITCHBOARD_CLIENTS sets the number of clients. Run with `node --expose-gc`.
 */

import { createHash } from "node:crypto";
import { type Change, decide, type Facts, Policy, parsePath, present, verify } from "../src/index.ts";

const CLIENTS_DEFAULT = 1_000_000;
const ROUNDS = 9;
const DECISIONS = 50_000;
/** A fixed moment: nothing here expires. */
const NOW = 1_763_900_000;

const clients = Number(process.env["SWITCHBOARD_CLIENTS"] ?? CLIENTS_DEFAULT);

function keyOf(client: number): string {
  return `sb_k${client}_${createHash("sha256").update(String(client)).digest("base64url")}`;
}

function clientOf(client: number, tenant?: string): Change {
  const sha256 = createHash("sha256").update(keyOf(client)).digest("hex");
  const body = {
    team: "mobile",
    credentials: [{ type: "api_key", id: `k${client}`, sha256 }],
    grants: [{ api: "orders", scopes: ["orders.read"], plan: "gold" }],
    ...(tenant === undefined ? {} : { tenant }),
  };
  // Through JSON, as records come.
  return { kind: "client", id: `client-${client}`, body: JSON.parse(JSON.stringify(body)) };
}

function* records(): Generator<Change> {
  yield {
    kind: "api",
    id: "orders",
    body: {
      team: "commerce",
      base_path: "/api/orders",
      operations: [{ match: "GET /api/orders/**", scopes: ["orders.read"] }],
    },
  };
  yield { kind: "plan", id: "gold", body: { rate: "100/s" } };
  for (let client = 0; client < clients; client++) yield clientOf(client);
}

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function requests(): Facts[] {
  const path = parsePath("/api/orders/7");
  if (path === undefined) throw new Error("the path is canonical");
  return Array.from({ length: DECISIONS }, () => {
    const key = keyOf(Math.floor(Math.random() * clients));
    const headers = [["Accept", "*/*"] as const, ["X-Api-Key", key] as const];
    return { host: "shop.example.com", method: "GET", path, headers };
  });
}

function round(policy: Policy): number {
  const all = requests();
  const begun = process.cpuUsage();
  for (const facts of all) {
    const decision = decide(policy, facts, verify(present(policy, facts)), NOW);
    if (decision.decision !== "permit") throw new Error(`refused: ${decision.code}`);
  }
  // Other processes share the machine: what they take is no cost of ours. The collector's threads are.
  const { user, system } = process.cpuUsage(begun);
  return ((user + system) * 1_000) / DECISIONS;
}

const before = heapBytes();
const built = process.hrtime.bigint();
const { policy } = Policy.build(records());
const buildMs = Number(process.hrtime.bigint() - built) / 1e6;
const bytesPerClient = Math.round((heapBytes() - before) / clients);
round(policy);
const ns = Array.from({ length: ROUNDS }, () => Math.round(round(policy)));
const applyMs = Array.from({ length: ROUNDS }, (_, index) => {
  const change = clientOf(Math.floor(Math.random() * clients), `t${index}`);
  const begun = process.hrtime.bigint();
  policy.apply([change]);
  return Number(process.hrtime.bigint() - begun) / 1e6;
});
console.log(
  JSON.stringify({
    clients,
    decide_ns: median(ns),
    decide_ns_min: Math.min(...ns),
    decide_ns_max: Math.max(...ns),
    rounds: ROUNDS,
    bytes_per_client: bytesPerClient,
    build_ms: Math.round(buildMs),
    apply_one_ms: Math.round(median(applyMs) * 1000) / 1000,
  }),
);
