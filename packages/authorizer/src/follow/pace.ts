/**
 * When a carrier is looked at. Pure: clocks and chance are passed in. The twin of the Rust `follow/pace.rs`.
 */

import { type Moment, since } from "@switchboard/policy/carrier";

/** The first pause after a look that brought nothing, doubling up to the next. */
const FAILURE_PAUSE_MS = 1_000;
const FAILURE_PAUSE_MS_MAX = 30_000;
/** A bundle whose end is not the view is read again after this long, doubling up to the next (feed §2, rule 2). */
const MISMATCH_PAUSE_MS = 5_000;
const MISMATCH_PAUSE_MS_MAX = 300_000;

/** Nothing happens for a while. */
export class Pause {
  readonly #from: Moment;
  readonly #ms: number;

  constructor(from: Moment, ms: number) {
    this.#from = from;
    this.#ms = ms;
  }

  isOver(now: Moment): boolean {
    return since(now, this.#from) >= this.#ms;
  }
}

/** When to look, and when to fetch. */
export class Pace {
  readonly #syncAfterMs: number;
  #look: Pause | undefined;
  #fetch: Pause | undefined;
  #failures = 0;
  #mismatches = 0;

  constructor(syncAfterMs: number) {
    this.#syncAfterMs = syncAfterMs;
  }

  mayLook(now: Moment): boolean {
    return this.#look?.isOver(now) ?? true;
  }

  mayFetch(now: Moment): boolean {
    return this.#fetch?.isOver(now) ?? true;
  }

  /** A look that began then was answered. */
  answered(begun: Moment): void {
    this.#failures = 0;
    this.#look = new Pause(begun, this.#syncAfterMs);
  }

  /** A look brought nothing, or nothing within its budget. `chance`: 0 to 1. */
  failed(now: Moment, chance: number): void {
    const pause = doubled(FAILURE_PAUSE_MS, this.#failures++, FAILURE_PAUSE_MS_MAX);
    this.#look = new Pause(now, longer(pause, chance));
  }

  /** A bundle was read, and its end is the view. */
  whole(): void {
    this.#mismatches = 0;
    this.#fetch = undefined;
  }

  /** A bundle was read, and its end is not the view. */
  mismatched(now: Moment, chance: number): void {
    const pause = doubled(MISMATCH_PAUSE_MS, this.#mismatches++, MISMATCH_PAUSE_MS_MAX);
    this.#fetch = new Pause(now, longer(pause, chance));
  }
}

function doubled(first: number, times: number, most: number): number {
  return Math.min(first * 2 ** Math.min(times, 16), most);
}

/** By chance up to a fifth longer, so that many functions do not look in step. */
function longer(pause: number, chance: number): number {
  return pause + Math.floor((pause / 5) * chance);
}
