/**
 * The differential test of the authorizers: changed events, answered here and by the program in SWITCHBOARD_ANSWER (Rust),
 * byte for byte, with the lines that say why they are refused.
 *
 * Prints its seed; SWITCHBOARD_SEED repeats a run, SWITCHBOARD_EVENTS sets its length. A difference is printed with its
 * event. A run that let nobody in, refused nobody, or met no name that is a fault, fails: a test of nothing must not pass.
 */

import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { Random } from "../../../policy/test/differential/random.ts";
import { Authorizer } from "../../src/authorizer.ts";
import { lineOf } from "../../src/refused.ts";
import { readSettings } from "../../src/settings.ts";
import { type Case, fill, readJson, sourceOf, VECTORS } from "../support/given.ts";
import { makeEvent } from "./events.ts";

const EVENTS_DEFAULT = 20_000;
const BATCH = 200;
const SHOWN_MAX = 5;
const NOW = 1_763_900_000;
/** What a run has to meet. */
const NEEDED = ["allow", "deny", "unauthorized", "identity_field", "method_override"];

interface Batch {
  readonly settings: Record<string, string>;
  readonly policy: string;
  readonly now: number;
  readonly events: readonly string[];
}

/** Cases with an event that an authorizer answers. */
function casesOf(): Case[] {
  const files = readdirSync(VECTORS).filter((name) => name.endsWith(".json"));
  const cases = files.flatMap((name) => (readJson(name) as { cases: Case[] }).cases);
  return cases.filter((each) => each.expect !== undefined && each.event !== undefined);
}

function makeBatch(random: Random, cases: readonly Case[]): Batch {
  const { settings, policy = "shop" } = random.pick(cases);
  const fit = cases.filter((each) => (each.policy ?? "shop") === policy);
  const events = random.times(BATCH, BATCH, () => {
    // An event that only this runtime's reader refuses never comes to the handler.
    for (;;) {
      const text = makeEvent(random, fill(random.pick(fit).event));
      if (isJson(text)) return text;
    }
  });
  return { settings: { SWITCHBOARD_FLOOR: "floor", ...settings }, policy, now: NOW, events };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function answersOf({ settings, policy, now, events }: Batch): string[] {
  const authorizer = new Authorizer(readSettings(settings), sourceOf(policy));
  return events.map((text) => {
    let told = "\n";
    const answer = authorizer.answer(JSON.parse(text), now, (refused) => {
      told = lineOf(refused);
    });
    return `${JSON.stringify(answer)}\t${told.slice(0, -1)}`;
  });
}

async function main(): Promise<boolean> {
  const seed = Number(process.env["SWITCHBOARD_SEED"] ?? randomInt(2 ** 47));
  const wanted = Number(process.env["SWITCHBOARD_EVENTS"] ?? EVENTS_DEFAULT);
  const program = process.env["SWITCHBOARD_ANSWER"];
  if (program === undefined)
    throw new Error("SWITCHBOARD_ANSWER is not set: there is nothing to compare with");
  console.log(`SWITCHBOARD_SEED=${seed}`);
  const random = new Random(seed);
  const cases = casesOf();
  const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const seen = new Map<string, number>();
  let events = 0;
  let differences = 0;
  while (events < wanted && differences < SHOWN_MAX) {
    const batch = makeBatch(random, cases);
    child.stdin.write(`${JSON.stringify(batch)}\n`);
    const ours = answersOf(batch);
    events += ours.length;
    for (const [index, our] of ours.entries()) {
      const line = await lines.next();
      if (line.done) throw new Error(`the program ended before ${batch.events[index]}`);
      for (const kind of kindsOf(our)) seen.set(kind, (seen.get(kind) ?? 0) + 1);
      if (line.value === our || differences >= SHOWN_MAX) continue;
      differences++;
      console.log(
        JSON.stringify({ ...batch, events: [batch.events[index]], typescript: our, rust: line.value }),
      );
    }
  }
  child.stdin.end();
  console.log(`${events} events, ${differences} differences`, Object.fromEntries(seen));
  return differences === 0 && NEEDED.every((kind) => seen.has(kind));
}

/** The verdict, and what is wrong with the event. */
function kindsOf(answer: string): string[] {
  const [, fault] = /"fault":"([a-z_]+)"/.exec(answer) ?? [];
  return fault === undefined ? [verdictOf(answer)] : [verdictOf(answer), fault];
}

function verdictOf(answer: string): string {
  if (answer.startsWith('{"error"')) return "unauthorized";
  return answer.includes('"Allow"') || answer.includes('"isAuthorized":true') ? "allow" : "deny";
}

process.exitCode = (await main()) ? 0 : 1;
