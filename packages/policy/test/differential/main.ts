/**
 * The differential test: random policies and requests, decided here and by the program in SWITCHBOARD_DECIDE (Rust).
 *
 * Prints its seed; SWITCHBOARD_SEED repeats a run, SWITCHBOARD_PAIRS sets its length. A difference is made small and
 * printed as a vector. Without the program only this side runs, and says so. A code that never came up fails: a test
 * of nothing must not pass.
 */

import { randomInt } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { ALL_CODES } from "../../src/index.ts";
import { type Batch, decideBatch, type Outcome, policyOf, type Recorded } from "../../tools/cases.ts";
import { asVector, filled, minimise, type Pair, withPlace } from "./minimise.ts";
import { type Document, makeEntity, makePolicy } from "./policies.ts";
import { Random } from "./random.ts";
import { makeRequest } from "./requests.ts";
import { makeText } from "./texts.ts";
import { type Made, makeStock } from "./tokens.ts";
import { Twin } from "./twin.ts";

const PAIRS_DEFAULT = 200_000;
const STOCK = 6_000;
const REQUESTS_MIN = 50;
const REQUESTS_MAX = 150;
/** Differences that are made small and printed. */
const SHOWN_MAX = 5;
/** Refusals that no pure decision gives. */
const NEVER_HERE: ReadonlySet<string> = new Set(["policy_stale"]);

const KINDS: Readonly<Record<string, string>> = {
  issuers: "issuer",
  apis: "api",
  clients: "client",
  plans: "plan",
  revocations: "revocation",
  tenants: "tenant",
  cells: "cell",
};

function makeChange(random: Random): Recorded[] {
  if (!random.oneIn(3)) return [];
  return random.times(1, 5, () => {
    if (random.oneIn(20)) return { kind: "thing", id: "x", body: {} };
    const section = random.pick(Object.keys(KINDS));
    const kind = KINDS[section] ?? section;
    const { id, needs, ...body } = makeEntity(random, section);
    if (random.oneIn(3)) return { kind, id: String(id), deleted: true };
    const written = random.oneIn(3) ? makeText(random, body) : body;
    return { kind, id: String(id), body: written, ...(random.oneIn(12) ? { needs: ["later"] } : {}) };
  });
}

/** The issuers for which keys may be fetched: a key set for another is an error in both languages. */
function issuersOf(policy: Document, change: readonly Recorded[]): string[] {
  const { contents } = policyOf(JSON.parse(JSON.stringify(policy)), change);
  return [...contents.issuers.values()].map(({ id }) => id).sort();
}

/** How often each outcome came up. */
const seen = new Map<string, number>();

function count(outcome: Outcome): void {
  const names = [outcome.code ?? outcome.decision, ...(outcome.detail === undefined ? [] : [outcome.detail])];
  for (const name of names) seen.set(name, (seen.get(name) ?? 0) + 1);
}

async function show(pair: Pair, stock: readonly Made[], twin: Twin): Promise<void> {
  const text = pair.request.headers?.map(([, value]) => value).join("\n") ?? "";
  const token = stock.find((made) => made.text.length > 10 && text.includes(made.text));
  const outcomesOf = async (candidate: Pair): Promise<[unknown, unknown]> => {
    const { policy, change } = candidate;
    const batch: Batch = { policy, change, requests: [filled(candidate)] };
    const [ours] = decideBatch(batch);
    const [theirs] = await twin.decide(batch);
    return [ours, theirs];
  };
  const smallest = await minimise(token ? withPlace(pair, token) : pair, async (candidate) => {
    const [ours, theirs] = await outcomesOf(candidate);
    return !isDeepStrictEqual(ours, theirs);
  });
  const [typescript, rust] = await outcomesOf(smallest);
  console.log(asVector(smallest, { typescript, rust }));
}

async function main(): Promise<boolean> {
  const seed = Number(process.env["SWITCHBOARD_SEED"] ?? randomInt(2 ** 47));
  const wanted = Number(process.env["SWITCHBOARD_PAIRS"] ?? PAIRS_DEFAULT);
  const program = process.env["SWITCHBOARD_DECIDE"];
  console.log(
    `SWITCHBOARD_SEED=${seed}${program ? "" : " (this side alone: SWITCHBOARD_DECIDE is not set)"}`,
  );
  const random = new Random(seed);
  const stock = makeStock(random, STOCK);
  const twin = program ? new Twin(program) : undefined;
  let pairs = 0;
  let differences = 0;
  let shown = 0;
  while (pairs < wanted && shown < SHOWN_MAX) {
    const policy = makePolicy(random);
    const change = makeChange(random);
    const issuers = issuersOf(policy, change);
    const requests = random.times(REQUESTS_MIN, REQUESTS_MAX, () => makeRequest(random, stock, issuers));
    // What programs read is JSON: the values that it cannot carry must not decide anything.
    const batch: Batch = JSON.parse(JSON.stringify({ policy, change, requests }));
    const [theirs, ours] = await Promise.all([twin?.decide(batch), decideBatch(batch)]);
    pairs += ours.length;
    ours.forEach(count);
    if (!twin || !theirs) continue;
    const differing = batch.requests.filter((_, index) => !isDeepStrictEqual(ours[index], theirs[index]));
    differences += differing.length;
    const [first] = differing;
    if (first === undefined) continue;
    // Those of one batch mostly have one cause.
    shown++;
    await show({ policy: batch.policy, change, request: first }, stock, twin);
  }
  twin?.end();
  const table = [...seen].sort(([, a], [, b]) => b - a).map(([name, times]) => `${name} ${times}`);
  console.log(`${pairs} pairs, ${differences} differences\n  ${table.join("\n  ")}`);
  const unseen = ALL_CODES.filter((code) => !seen.has(code) && !NEVER_HERE.has(code));
  if (differences === 0 && unseen.length > 0) console.log(`never seen: ${unseen.join(", ")}`);
  return differences === 0 && unseen.length === 0;
}

process.exitCode = (await main()) ? 0 : 1;
