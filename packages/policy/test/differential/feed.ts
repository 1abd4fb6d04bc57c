/**
 * The differential test of readers: random histories of a feed, with liars among those who carry it, read here and by the
 * program in SWITCHBOARD_READ (Rust), step by step.
 *
 * Prints its seed; SWITCHBOARD_SEED repeats a run, SWITCHBOARD_HISTORIES sets its length. A difference is printed with the
 * history up to it. A word or a state that never came up fails: a test of nothing must not pass.
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import { holdFloor } from "../../src/feed/held.ts";
import { Reader } from "../../src/feed/reader.ts";
import { History, type Step } from "./history.ts";
import { Random } from "./random.ts";

const HISTORIES_DEFAULT = 1_500;
const STALENESS_S_MAX = 60;
/** What a run has to meet. */
const NEEDED = [
  ..."kept keyring shown renewed no_record other_feed behind not_whole forked".split(" "),
  ..."feed root signature older forked".split(" ").map((fault) => `keyring_${fault}`),
  ..."feed epoch unsigned key key_ended signature".split(" ").map((fault) => `commit_${fault}`),
  ..."floor catching_up live stale forked".split(" ").map((state) => `state ${state}`),
];

/** What this side makes of a history, as the other writes it. */
function read(floor: string, steps: readonly Step[]): unknown[] {
  const now = steps.find((step) => step !== null)?.[1] ?? 0;
  const reader = Reader.ofFloor(holdFloor(Buffer.from(floor)), now);
  return steps.map((step) => {
    if (step === null) {
      reader.restart();
      return ["restart"];
    }
    const [line, now] = step;
    const { word, changes } = reader.line(Buffer.from(line), now);
    const told = changes && Object.fromEntries(changes.map(({ key, entity }) => [key, entity?.body ?? null]));
    const { view } = reader;
    const shown = view && [view.epoch, view.revision, view.at, view.freshAt, view.digest];
    const states = [true, false].map((isAtEnd) => reader.state(isAtEnd, STALENESS_S_MAX, now));
    return [word, told ?? null, shown ?? null, ...states];
  });
}

async function main(): Promise<boolean> {
  const seed = Number(process.env["SWITCHBOARD_SEED"] ?? randomInt(2 ** 47));
  const wanted = Number(process.env["SWITCHBOARD_HISTORIES"] ?? HISTORIES_DEFAULT);
  const program = process.env["SWITCHBOARD_READ"];
  const alone = program ? "" : " (this side alone: SWITCHBOARD_READ is not set)";
  console.log(`SWITCHBOARD_SEED=${seed}${alone}`);
  const random = new Random(seed);
  const child: ChildProcessByStdio<Writable, Readable, null> | undefined = program
    ? spawn(program, { stdio: ["pipe", "pipe", "inherit"] })
    : undefined;
  const lines = child && createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const seen = new Map<string, number>();
  let steps = 0;
  for (let at = 0; at < wanted; at++) {
    const history = new History(random).make();
    const ours = read(history.floor, history.steps);
    steps += ours.length;
    for (const outcome of ours as string[][]) {
      for (const name of [
        outcome[0],
        outcome[3] && `state ${outcome[3]}`,
        outcome[4] && `state ${outcome[4]}`,
      ]) {
        if (name) seen.set(name, (seen.get(name) ?? 0) + 1);
      }
    }
    if (child === undefined || lines === undefined) continue;
    child.stdin.write(`${JSON.stringify(history)}\n`);
    const line = await lines.next();
    if (line.done) throw new Error(`the program ended with ${JSON.stringify(history)}`);
    const theirs = JSON.parse(line.value) as unknown[];
    const differing = ours.findIndex((outcome, step) => !isDeepStrictEqual(outcome, theirs[step]));
    if (differing < 0 && theirs.length === ours.length) continue;
    const upTo = { ...history, steps: history.steps.slice(0, differing + 1) };
    console.log(JSON.stringify({ history: upTo, typescript: ours[differing], rust: theirs[differing] }));
    child.kill();
    return false;
  }
  child?.stdin.end();
  const table = [...seen].sort(([, a], [, b]) => b - a).map(([name, times]) => `${name} ${times}`);
  console.log(`${wanted} histories, ${steps} steps, no difference\n  ${table.join("\n  ")}`);
  const unseen = NEEDED.filter((name) => !seen.has(name));
  if (unseen.length > 0) console.log(`never seen: ${unseen.join(", ")}`);
  return unseen.length === 0;
}

process.exitCode = (await main()) ? 0 : 1;
