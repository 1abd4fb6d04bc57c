/**
 * How long does a decision take among many clients, how long until they are all there, and how long does a change take to
 * be seen? The twin of `bench decide`: same arguments, same floor, same requests, same report.
 *
 * `node --expose-gc bench.mjs --floor=FILE --clients=N --rounds=N --decisions=N --core=N` prints one JSON object:
 * `floor_bytes`, `ready_ms`, `memory_before` and `memory_after` (heap and buffers after a collection, bytes), `rounds` of
 * CPU `ns` a decision and the `stolen` part of the time, and `changes` with the `ms` that each took.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { decide, type Policy, parseHost, parsePath, present, readFloor, verify } from "../src/index.ts";

/** Requests that are made ready at once, outside of the time. */
const BATCH = 4_000;
/** How often each kind of change is applied. */
const CHANGES = 200;
const APIS = 50;

/** An entity as a record has it. */
interface Entity {
  readonly kind: string;
  readonly id: string;
  readonly body: object;
}

interface Request {
  readonly client: string;
  readonly path: Buffer;
  readonly key: string;
}

const { values } = parseArgs({
  options: {
    floor: { type: "string", default: "" },
    clients: { type: "string", default: "0" },
    rounds: { type: "string", default: "1" },
    decisions: { type: "string", default: "100000" },
    core: { type: "string", default: "0" },
  },
});
const clients = Number(values.clients);

function basePath(client: number): string {
  return `/api/service-${client % APIS}`;
}

function keyOf(client: number): string {
  const secret = createHash("sha256").update(`secret of client ${client}`).digest("base64url");
  return `sb_k${client}_${secret}`;
}

/** A client as the floor has it; `changed` has a scope more. */
function clientOf(client: number, changed: boolean): Entity {
  const sha256 = createHash("sha256").update(keyOf(client)).digest("hex");
  const body = {
    team: `team-${client % 1_000}`,
    credentials: [{ type: "api_key", id: `k${client}`, sha256 }],
    grants: [
      { api: `api-${client % APIS}`, scopes: changed ? ["read", "write"] : ["read"], plan: "gold" },
      { api: `api-${(client + 1) % APIS}`, scopes: ["read"] },
    ],
  };
  return { kind: "client", id: `client-${client}`, body };
}

/** An API with one operation more than in the floor. */
function apiOf(api: number): Entity {
  const base = basePath(api);
  const operations = [
    { match: `GET ${base}/**`, scopes: ["read"] },
    { match: `POST ${base}/**`, scopes: ["write"] },
    { match: `GET ${base}/reports/{id}`, scopes: ["reports"] },
    { match: `DELETE ${base}/{id}`, any_of: [["write"], ["admin"]] },
    { match: `PUT ${base}/{id}`, scopes: ["write"] },
  ];
  return { kind: "api", id: `api-${api}`, body: { team: "commerce", base_path: base, operations } };
}

function below(end: number): number {
  return Math.floor(Math.random() * end);
}

/** What the process holds, when what it does not hold any more is gone. */
function memory(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function millisecondsSince(begun: bigint): number {
  return Number(process.hrtime.bigint() - begun) / 1e6;
}

/** All ticks of the core so far, and those that the hypervisor gave to somebody else (proc(5)). */
function coreTime(): readonly [all: number, stolen: number] {
  const line = readFileSync("/proc/stat", "utf8")
    .split("\n")
    .find((line) => line.startsWith(`cpu${values.core} `));
  const ticks = (line ?? "").split(" ").slice(1, 9).map(Number);
  return [ticks.reduce((sum, part) => sum + part, 0), ticks[7] ?? 0];
}

function request(): Request {
  const client = below(clients);
  return {
    client: `client-${client}`,
    path: Buffer.from(`${basePath(client)}/orders/7`),
    key: keyOf(client),
  };
}

/** All of a decision, from the bytes of a request on: the key's hash included. */
function isPermitted(policy: Policy, { client, path, key }: Request, now: number): boolean {
  const canonical = parsePath(path.toString("latin1"));
  const host = parseHost("shop.example.com");
  if (canonical === undefined || host === undefined) return false;
  const facts = { host, path: canonical, method: "GET", headers: [["X-Api-Key", key]] as const };
  const decision = decide(policy, facts, verify(present(policy, facts)), now);
  return decision.decision === "permit" && decision.client === client;
}

function round(policy: Policy): { ns: number; stolen: number } {
  const now = Math.floor(Date.now() / 1_000);
  const [allBefore, stolenBefore] = coreTime();
  // CPU time in microseconds, that of collecting garbage included.
  let taken = 0;
  let done = 0;
  while (done < Number(values.decisions)) {
    const requests = Array.from({ length: BATCH }, request);
    const begun = process.cpuUsage();
    const refused = requests.filter((one) => !isPermitted(policy, one, now)).length;
    const { user, system } = process.cpuUsage(begun);
    taken += user + system;
    done += BATCH;
    if (refused > 0) throw new Error(`wrong answer: ${refused} of ${BATCH} requests were refused`);
  }
  const [all, stolen] = coreTime();
  return { ns: (taken * 1e3) / done, stolen: (stolen - stolenBefore) / Math.max(all - allBefore, 1) };
}

/** Each change is applied to what the one before left. */
function changesOf(start: Policy): object[] {
  let policy = start;
  let next = clients;
  const kinds: [what: string, change: () => Entity][] = [
    ["a client's grant", () => clientOf(below(clients), true)],
    ["a new client", () => clientOf(++next, false)],
    [
      "a key revoked",
      () => {
        const client = below(clients);
        return { kind: "revocation", id: `r-${client}`, body: { credential: `k${client}` } };
      },
    ],
    ["an API's operations", () => apiOf(below(APIS))],
    ["a plan", () => ({ kind: "plan", id: "gold", body: { rate: `${1 + below(1_000)}/s`, burst: 20 } })],
  ];
  return kinds.map(([what, change]) => {
    const ms = Array.from({ length: CHANGES }, () => {
      // As records come: text.
      const { body, ...record } = change();
      const text = JSON.stringify(body);
      const begun = process.hrtime.bigint();
      policy = policy.apply([{ ...record, body: JSON.parse(text) }]).policy;
      return millisecondsSince(begun);
    });
    return { what, ms };
  });
}

function ready(): { policy: Policy; floorBytes: number; readyMs: number } {
  const bytes = readFileSync(values.floor);
  const begun = process.hrtime.bigint();
  const { policy, reports } = readFloor(bytes);
  const readyMs = millisecondsSince(begun);
  const [report] = reports;
  if (report !== undefined) throw new Error(`${report.kind} ${report.id}: ${report.message}`);
  return { policy, floorBytes: bytes.length, readyMs };
}

const memoryBefore = memory();
const { policy, floorBytes, readyMs } = ready();
// One to warm up.
round(policy);
const memoryAfter = memory();
const rounds = Array.from({ length: Number(values.rounds) }, () => round(policy));
const changes = changesOf(policy);
console.log(
  JSON.stringify({
    floor_bytes: floorBytes,
    ready_ms: readyMs,
    memory_before: memoryBefore,
    memory_after: memoryAfter,
    rounds,
    changes,
  }),
);
