/**
 * From process start to a first decision: reads the floor that is named, checks its digest, decides one request.
 *
 * `start.mjs FLOOR` prints one JSON object; `start.mjs --make CLIENTS` prints a floor to try it with.
 */

import { readFileSync, writeSync } from "node:fs";
import { feedDigest, recordDigest } from "../src/feed/digest.ts";
import { decide, parsePath, present, readFloor, verify } from "../src/index.ts";

const [mode, argument] = process.argv.slice(2);

function makeFloor(clients: number): string {
  const lines: string[] = [];
  const digests: [string, string][] = [];
  const add = (kind: string, id: string, body: object): void => {
    const line = JSON.stringify({ feed: "bench", epoch: 0, revision: 1, kind, id, body });
    lines.push(line);
    digests.push([`${kind}/${id}`, recordDigest(`${kind}/${id}`, Buffer.from(line))]);
  };
  add("api", "orders", {
    team: "commerce",
    base_path: "/api/orders",
    operations: [{ match: "GET /api/orders/**", scopes: ["orders.read"] }],
  });
  for (let client = 0; client < clients; client++) {
    const sha256 = client.toString(16).padStart(64, "0");
    const credentials = [{ type: "api_key", id: `k${client}`, sha256 }];
    add("client", `client-${client}`, {
      team: "mobile",
      credentials,
      grants: [{ api: "orders", scopes: ["orders.read"] }],
    });
  }
  const commit = {
    feed: "bench",
    epoch: 0,
    revision: 1,
    entities: lines.length,
    digest: feedDigest(digests),
    at: 1,
  };
  return `${[...lines, JSON.stringify(commit)].join("\n")}\n`;
}

function start(file: string): object {
  const { policy } = readFloor(readFileSync(file));
  const path = parsePath("/api/orders/7");
  if (path === undefined) throw new Error("the path is canonical");
  const facts = {
    host: "shop.example.com",
    method: "GET",
    path,
    headers: [["X-Api-Key", "sb_k1_x"]] as const,
  };
  const { decision } = decide(policy, facts, verify(present(policy, facts)), 1_763_900_000);
  // Since the process began.
  return { decision, clients: policy.counts().clients, ms: Math.round(performance.now()) };
}

if (mode === "--make") writeSync(1, makeFloor(Number(argument)));
else if (mode !== undefined) console.log(JSON.stringify(start(mode)));
else throw new Error("say which floor, or --make and how many clients");
