/**
 * A floor: the policy that was baked in at deploy time, read from one file and checked as a whole (feed §1).
 *
 * What makes it whole is `held.ts`; here it becomes a policy, and nothing of the file is kept.
 */

import type { Report } from "../contents.ts";
import { Policy } from "../policy.ts";
import { type Held, holdFloor } from "./held.ts";
import { Reader } from "./reader.ts";

/** A policy, and what says that it is whole. */
export interface Floor {
  readonly policy: Policy;
  readonly reports: readonly Report[];
  readonly feed: string;
  readonly epoch: number;
  readonly revision: number;
  /** Unix seconds of its commit. */
  readonly at: number;
  /** Lower-case hexadecimal. */
  readonly digest: string;
  /** How many lines were no records. */
  readonly skipped: number;
  /** How many records were of another feed or epoch, or of a later revision. */
  readonly foreign: number;
}

/** Reads a whole floor; throws a `FloorError` where it does not hold. */
export function readFloor(bytes: Uint8Array): Floor {
  return floorOf(holdFloor(bytes));
}

/**
 * The same, and a reader that shows it; without a reader where the floor is not signed, so that nobody says whose
 * signatures count. `now` in Unix seconds.
 */
export function beginWithFloor(bytes: Uint8Array, now: number): { floor: Floor; reader: Reader | undefined } {
  const held = holdFloor(bytes);
  const reader = held.trust === undefined ? undefined : Reader.ofFloor(held, now);
  return { floor: floorOf(held), reader };
}

function floorOf({ commit, live, skipped, foreign }: Held): Floor {
  const { policy, reports } = Policy.build(live.map(({ entity }) => entity));
  const { feed, epoch, revision, at, digest } = commit;
  return { policy, reports, feed, epoch, revision, at, digest, skipped, foreign };
}
