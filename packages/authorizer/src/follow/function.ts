/**
 * A function between its invocations: before each answer it looks for newer policy within a budget, and what is not
 * finished goes on before the next one (feed §5). The twin of the Rust `follow/function.rs`.
 */

import { ageOf, type Changed, type Floor, type Reader, type State } from "@switchboard/policy";
import {
  type Carrier,
  type Coming,
  Failure,
  type Moment,
  momentOf,
  type Rest,
  type Server,
  since,
} from "@switchboard/policy/carrier";
import type { Answer } from "../answer.ts";
import type { Authorizer } from "../authorizer.ts";
import type { Following } from "../following.ts";
import type { Refused } from "../refused.ts";
import { Pace, Pause } from "./pace.ts";
import { Reading } from "./reading.ts";
import { type Identity, reportOf, type Standing, send } from "./report.ts";
import { Uses } from "./uses.ts";

/** What a look may take of an invocation, in milliseconds. */
const BUDGET_MS = 50;
/** The same where the policy is older than it may get. */
const PATIENCE_MS = 1_000;
/** That much is taken at most once in this time: a server that trickles must not slow every request down. */
const PATIENCE_EVERY_MS = 10_000;
/** An exchange that brought no byte for so long is given up: its connection may have died while the function was frozen. */
const SILENCE_MS_MAX = 10_000;
/** A sync that has not come to its end is begun anew, on what it has. */
const SYNC_MS_MAX = 300_000;
/** The portal is told at most once in this time. */
const REPORT_EVERY_MS = 60_000;

/** Where newer policy comes from. */
export interface Source {
  readonly following: Following;
  readonly reader: Reader;
  readonly carrier: Carrier;
  /** The server, where it is one. */
  readonly server: Server | undefined;
}

/** Whom it tells. */
export interface Told {
  readonly server: Server;
  /** The path of its address. */
  readonly path: string;
}

/** What a function is made of. */
export interface Parts {
  readonly authorizer: Authorizer;
  readonly floor: Pick<Floor, "epoch" | "revision" | "at">;
  readonly identity: Identity;
  readonly source: Source | undefined;
  readonly portal: Told | undefined;
  /** Is told of what operators want to know. */
  readonly say: (sentence: string) => void;
}

/** An exchange under way. */
interface Run {
  readonly done: Promise<unknown>;
  readonly giveUp: AbortController;
  readonly begun: Moment;
  isStalled: boolean;
}

/** A function that answers, and follows a feed where it is told to. */
export class LambdaFunction {
  readonly #parts: Parts;
  readonly #reading: Reading | undefined;
  readonly #pace: Pace;
  /** What the portal was not told yet. */
  readonly #uses = new Uses();
  #sync: Run | undefined;
  #report: Run | undefined;
  #reported: Pause | undefined;
  #patience: Pause | undefined;
  /** When something came last, and how often something did. */
  #progress = { at: momentOf(), steps: 0 };
  #toldFailure: string | undefined;
  #toldState: State = "floor";

  constructor(parts: Parts) {
    this.#parts = parts;
    const { source } = parts;
    this.#reading = source && new Reading(source.reader);
    this.#pace = new Pace(source?.following.syncAfterMs ?? 0);
  }

  /** The answer to an event, by the newest policy that could be had within the budget. `tell` as `Authorizer` has it. */
  async answer(event: unknown, tell?: (refused: Refused) => void): Promise<Answer> {
    await this.#look();
    const now = momentOf();
    this.#stand(now);
    const used = (credential: string): void => this.#uses.note(credential, unixS(now));
    const answer = this.#parts.authorizer.answer(event, unixS(now), tell, used);
    await this.#tellPortal(now);
    return answer;
  }

  /** Begins to tell the portal where that is due; what is not finished within the budget goes on before the next answer. */
  async #tellPortal(now: Moment): Promise<void> {
    const { portal } = this.#parts;
    const isDue = this.#reported?.isOver(now) ?? true;
    if (portal === undefined || this.#report !== undefined || !isDue) return;
    this.#reported = new Pause(now, REPORT_EVERY_MS);
    this.#report = started(now, (run) => this.#tell(portal, run, now));
    await within(BUDGET_MS, this.#report);
  }

  /** Goes on with what is under way, or begins what is due. */
  async #look(): Promise<void> {
    const now = momentOf();
    this.#giveUp(now);
    this.#begin(now);
    const budget = this.#budget(now);
    const sync = this.#pace.mayLook(now) ? this.#sync : undefined;
    const before = this.#progress.steps;
    await Promise.all([within(budget, sync), within(BUDGET_MS, this.#report)]);
    // What trickles goes on at once, what is silent after a while.
    if (sync !== undefined && this.#sync === sync && this.#progress.steps === before) {
      sync.isStalled = true;
      this.#failed("nothing came for a while", momentOf());
    }
  }

  /** What has been silent, or under way, for too long: a connection may have died while the process was frozen. */
  #giveUp(now: Moment): void {
    const isOver = ({ begun }: Run, last: Moment): boolean =>
      Math.min(since(now, last), since(now, begun)) > SILENCE_MS_MAX || since(now, begun) > SYNC_MS_MAX;
    const sync = this.#sync;
    if (sync !== undefined) {
      const server = this.#parts.source?.server;
      // A connection that was there before and says nothing is most likely dead.
      const isDead = sync.isStalled && server?.isReusing === true && this.#pace.mayLook(now);
      if (isDead || isOver(sync, this.#progress.at)) {
        this.#sync = undefined;
        sync.giveUp.abort();
        server?.forget();
      }
    }
    const report = this.#report;
    if (report !== undefined && isOver(report, report.begun)) {
      this.#report = undefined;
      report.giveUp.abort();
      this.#parts.portal?.server.forget();
    }
  }

  #begin(now: Moment): void {
    const { source } = this.#parts;
    if (this.#sync === undefined && source !== undefined && this.#pace.mayLook(now)) {
      this.#sync = started(now, (run) => this.#syncWith(source.carrier, run));
    }
  }

  /** A second where the policy is too old, but not before every answer. */
  #budget(now: Moment): number {
    const isRested = this.#patience?.isOver(now) ?? true;
    if (!isRested || this.#sync === undefined || !this.#pace.mayLook(now) || !this.#isOld(now)) {
      return BUDGET_MS;
    }
    this.#patience = new Pause(now, PATIENCE_EVERY_MS);
    return PATIENCE_MS;
  }

  /** One look, and all that follows of it. */
  async #syncWith(carrier: Carrier, run: Run): Promise<void> {
    try {
      await this.#attempt(carrier, run);
      if (this.#sync === run) this.#answered(run.begun);
    } catch (error) {
      if (this.#sync === run) this.#failed(messageOf(error), momentOf());
    } finally {
      if (this.#sync === run) this.#sync = undefined;
    }
  }

  async #attempt(carrier: Carrier, run: Run): Promise<void> {
    const { signal } = run.giveUp;
    const commit = await carrier.commit(signal);
    const wanted = this.#commit(commit, signal);
    if (wanted === undefined) return;
    const coming = await carrier.bundle(wanted.rest, signal);
    this.#came(signal);
    if (!coming.isRest) this.#reading?.begin(coming.tag);
    await this.#takeAll(coming, signal);
    this.#end(signal);
  }

  /** What is wanted of the bundle, where the commit is another one than the view's. */
  #commit(commit: Buffer, signal: AbortSignal): { rest: Rest | undefined } | undefined {
    const now = this.#came(signal);
    if (this.#reading === undefined) return undefined;
    const { isView, changes } = this.#reading.commit(commit, now.wall);
    this.#show(changes);
    if (isView) this.#pace.whole();
    return isView || !this.#pace.mayFetch(now) ? undefined : { rest: this.#reading.rest };
  }

  async #takeAll({ pieces }: Coming, signal: AbortSignal): Promise<void> {
    for await (const piece of pieces) {
      const now = this.#came(signal);
      for (const changes of this.#reading?.take(piece, now.wall) ?? []) this.#show(changes);
      // So that the budget is looked at even where everything is there already.
      await new Promise(setImmediate);
    }
  }

  #end(signal: AbortSignal): void {
    const now = this.#came(signal);
    if (this.#reading === undefined) return;
    const { isView, changes } = this.#reading.end(now.wall);
    this.#show(changes);
    if (isView) {
      this.#pace.whole();
      return;
    }
    this.#pace.mismatched(now, Math.random());
    this.#tellFailure("the bundle's end is not what is shown: it is older, cut off, or not this feed's");
  }

  /** Something came, of an exchange that was not given up. */
  #came(signal: AbortSignal): Moment {
    signal.throwIfAborted();
    this.#progress = { at: momentOf(), steps: this.#progress.steps + 1 };
    return this.#progress.at;
  }

  #answered(begun: Moment): void {
    this.#pace.answered(begun);
    if (this.#reading?.reader.isAtView === true) this.#tellFailure(undefined);
  }

  #failed(message: string, now: Moment): void {
    this.#pace.failed(now, Math.random());
    this.#reading?.failed();
    this.#tellFailure(message);
  }

  async #tell({ server, path }: Told, run: Run, now: Moment): Promise<void> {
    const news = { applied: this.#reading?.applied ?? [], uses: this.#uses.all() };
    try {
      const report = reportOf(this.#parts.identity, this.#standing(now), news, now.wall);
      await send(server, path, report, run.giveUp.signal);
      this.#reading?.told(news.applied);
      this.#uses.told(news.uses);
    } catch (error) {
      this.#parts.say(`SWITCHBOARD_PORTAL: ${messageOf(error)}; the portal is told later`);
    } finally {
      if (this.#report === run) this.#report = undefined;
    }
  }

  /** In force from here on. */
  #show(changes: readonly Changed[] | undefined): void {
    if (changes === undefined || this.#reading === undefined) return;
    const { epoch, revision } = this.#reading.view;
    const fault = this.#parts.authorizer.follow(changes, revision);
    this.#parts.say(`revision ${revision} of epoch ${epoch} is in force`);
    if (fault !== undefined) {
      this.#parts.say(`every request is refused with policy_unsupported: ${fault.message}`);
    }
  }

  /** Whether it is older than it may get, whoever said it. */
  #isOld(now: Moment): boolean {
    const { source } = this.#parts;
    if (source === undefined || this.#reading === undefined) return false;
    return ageOf(this.#reading.view, unixS(now)) > source.following.stalenessSMax;
  }

  /** What is said of the policy with the next answer. */
  #stand(now: Moment): void {
    const { source, authorizer, say } = this.#parts;
    if (source === undefined || this.#reading === undefined) return;
    const { stalenessSMax, denyFloorSMax } = source.following;
    const { reader, view } = this.#reading;
    const age = ageOf(view, unixS(now));
    const { state } = this.#standing(now);
    // What a feed said ages by one bound, what a floor alone said by the other.
    const isDenied = denyFloorSMax !== undefined && age > (reader.isHeard ? stalenessSMax : denyFloorSMax);
    authorizer.stand(state, isDenied);
    if (this.#toldState === state) return;
    this.#toldState = state;
    say(`the policy is ${state}, ${age} s old`);
  }

  #standing(now: Moment): Standing {
    const { source, floor } = this.#parts;
    if (source === undefined || this.#reading === undefined) {
      const { epoch, revision, at } = floor;
      return { state: "floor", source: "floor", epoch, revision, age_s: Math.max(unixS(now) - at, 0) };
    }
    const { reader, view, isAtEnd } = this.#reading;
    return {
      state: reader.state(isAtEnd, source.following.stalenessSMax, unixS(now)),
      source: reader.isHeard ? "feed" : "floor",
      epoch: view.epoch,
      revision: view.revision,
      age_s: ageOf(view, unixS(now)),
    };
  }

  #tellFailure(failure: string | undefined): void {
    if (this.#toldFailure === failure) return;
    this.#toldFailure = failure;
    if (failure !== undefined) {
      this.#parts.say(`SWITCHBOARD_BUNDLE: ${failure}; the policy stays as it is`);
    }
  }
}

function started(begun: Moment, exchange: (run: Run) => Promise<void>): Run {
  let begin: () => void = () => {};
  const giveUp = new AbortController();
  // Begins when the run is known to whoever asks whether it is still the one.
  const done = new Promise<void>((go) => {
    begin = go;
  }).then(() => exchange(run));
  const run: Run = { done, giveUp, begun, isStalled: false };
  begin();
  return run;
}

/** Waits for an exchange, but not for longer than that. */
async function within(ms: number, run: Run | undefined): Promise<void> {
  if (run === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((done) => {
    timer = setTimeout(done, ms);
  });
  await Promise.race([run.done, over]);
  clearTimeout(timer);
}

/** Whatever it is, it is no reason to answer nothing. */
function messageOf(error: unknown): string {
  return error instanceof Failure ? error.message : String(error);
}

function unixS({ wall }: Moment): number {
  return Math.floor(wall / 1_000);
}
