/**
 * What the portal is told of a function: what it is, what it decides by, and since when (portal §3).
 *
 * At most once a minute, inside an invocation, and behind its answer's decision, so that the credential that it was made by is
 * told with it. Of a request nothing else is in it.
 */

import { randomUUID } from "node:crypto";
import type { State } from "@switchboard/policy";
import { Failure, type Server, wholeOf } from "@switchboard/policy/carrier";
import { VERSION } from "../version.ts";
import type { Applied } from "./reading.ts";
import type { Use } from "./uses.ts";

/** What is read of an answer, in bytes; nothing of it is used. */
const ANSWER_BYTES_MAX = 65_536;

/** Who this is; it does not change. */
export interface Identity {
  readonly instance: string;
  readonly name: string;
  readonly environment: string;
  readonly config: string;
}

/** What it decides by. */
export interface Standing {
  readonly state: State;
  readonly source: "floor" | "feed";
  readonly epoch: number;
  readonly revision: number;
  readonly age_s: number;
}

/** Of this process: a number by chance, since every environment of a function has the same name. */
export function identityOf(name: string, environment: string, config: string): Identity {
  return { instance: randomUUID(), name, environment, config };
}

/** What is told once, and again until it is taken. */
export interface News {
  readonly applied: readonly Applied[];
  readonly uses: readonly Use[];
}

/** As the portal takes it. */
export function reportOf(
  identity: Identity,
  standing: Standing,
  { applied, uses }: News,
  sentAtMs: number,
): string {
  const { instance, name, environment, config } = identity;
  const policy = {
    ...standing,
    applied_at_ms: applied.at(-1)?.atMs ?? null,
    applied: applied.map(({ epoch, revision, atMs }) => ({ epoch, revision, at_ms: atMs })),
  };
  const who = {
    instance,
    kind: "authorizer",
    name,
    environment,
    version: VERSION,
    config,
    sent_at_ms: sentAtMs,
  };
  const used = uses.map(([credential, at]) => ({ credential, at }));
  return JSON.stringify({ ...who, policy, used, quarantined: [] });
}

/** Tells the portal, whose own path is `base`. */
export async function send(portal: Server, base: string, report: string, signal: AbortSignal): Promise<void> {
  const answer = await portal.post(`${base}/v1/fleet/reports`, report, signal);
  await wholeOf(answer, ANSWER_BYTES_MAX);
  const status = answer.statusCode ?? 0;
  if (status < 200 || status > 299) throw new Failure(`the answer is ${status}`);
}
