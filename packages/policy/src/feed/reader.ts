/**
 * What a reader of a feed may believe, line by line: the rules of feed §2, for every carrier alike.
 *
 * No socket and no file, and the time is passed in. A carrier gives lines, says when it is at the end that it captured,
 * and begins again when it is told to. What was shown stays shown, whatever comes. The twin of the Rust `Reader`.
 */

import { FloorError, type Held } from "./held.ts";
import { type Commit, type KeyringLine, type RootsLine, readLine } from "./record.ts";
import { type Changed, Records } from "./records.ts";
import { type CommitFault, commitFault, type KeyringFault, keyringFault } from "./trust.ts";

/** A commit that says to be made more than so many seconds from now renews no age. */
export const AHEAD_S_MAX = 60;

/** What is shown: the commit under which it held. */
export interface View {
  readonly epoch: number;
  readonly revision: number;
  /** When its newest commit says that it was made, Unix seconds. */
  readonly at: number;
  /** Lower-case hexadecimal. */
  readonly digest: string;
  /** From when its age counts: what the commit says, or when it came, whichever is earlier. Unix seconds. */
  readonly freshAt: number;
}

/** What became of a line, by its word in vectors. */
export type Word =
  /** It is kept; only a commit shows it. */
  | "kept"
  /** Another keyring counts. */
  | "keyring"
  /** The view changed. */
  | "shown"
  /** The view stays, and is known to be the newest at a later time. */
  | "renewed"
  /** It is no record. */
  | "no_record"
  /** A record of another feed. */
  | "other_feed"
  | `keyring_${KeyringFault}`
  | `commit_${CommitFault}`
  /** A commit below the view. */
  | "behind"
  /** A commit whose records are not all there, or more than these. */
  | "not_whole"
  /** A commit of the view's epoch and revision with another digest. */
  | "forked"
  /** Nothing more is kept until the carrier begins again. */
  | "full";

/** What became of a line; what it changes, where it shows a view. */
export interface Read {
  readonly word: Word;
  readonly changes?: readonly Changed[];
}

/** What is known of the view's being the newest. */
export type State = "floor" | "catching_up" | "live" | "stale" | "forked";

/** Reads one feed, from whichever carrier, and keeps what it may show. */
export class Reader {
  readonly #roots: RootsLine;
  #keyring: KeyringLine | undefined;
  readonly #records = new Records();
  #view: View | undefined;
  /** Whether the last commit that counted since the carrier began is the view; nothing before one did. */
  #isLastView: boolean | undefined;
  /** Of all commits that counted since the carrier began, the highest place. */
  #highest: Place | undefined;
  /** A feed said at least once what is shown. Until then it is a floor's word alone. */
  #isHeard = false;
  #isForked = false;
  /** More came than is kept: nothing is taken until the carrier begins again. */
  #isFull = false;

  /** Of the feed whose keyrings these roots sign. Nothing is shown yet. */
  constructor(roots: RootsLine) {
    this.#roots = roots;
  }

  /** Of a floor's feed, showing the floor; throws where the floor is not signed. `now` in Unix seconds. */
  static ofFloor({ commit, trust, live }: Held, now: number): Reader {
    if (trust === undefined) throw new FloorError("unpinned", "the floor is not signed");
    const reader = new Reader(trust.roots);
    const { epoch, revision, at, digest } = commit;
    reader.#keyring = trust.keyring;
    reader.#view = { epoch, revision, at, digest, freshAt: Math.min(at, now) };
    for (const { entity, digest: ofRecord } of live) {
      reader.#records.showing(`${entity.kind}/${entity.id}`, ofRecord, entity.epoch, entity.revision);
    }
    return reader;
  }

  /** What is shown. */
  get view(): View | undefined {
    return this.#view;
  }

  /** The feed's name. */
  get feed(): string {
    return this.#roots.feed;
  }

  /** Whether a feed ever said what is shown. What a floor alone said ages by other bounds. */
  get isHeard(): boolean {
    return this.#isHeard;
  }

  /**
   * Whether the last commit before the end that the carrier captured is the view, and none that counted was above it: an old one that is said
   * again does not hide that there is a newer one.
   */
  get isAtView(): boolean {
    return this.#isLastView === true && !isAbove(this.#highest, this.#view);
  }

  /** The carrier begins again at the start: what is shown stays, and nothing is laid over it. */
  restart(): void {
    this.#records.restart();
    this.#isLastView = undefined;
    this.#highest = undefined;
    this.#isFull = false;
  }

  /** A line of a file or of a stream, without its end; `now` in Unix seconds. */
  line(bytes: Uint8Array, now: number): Read {
    const line = readLine(bytes);
    switch (line?.type) {
      case "entity":
        if (line.feed !== this.#roots.feed) return { word: "other_feed" };
        return this.#keep(() => this.#records.put(line, bytes));
      case "deletion":
        return this.#keep(() => this.#records.delete(`${line.kind}/${line.id}`));
      case "keyring": {
        if (line.keyring === undefined) return { word: "no_record" };
        const fault = keyringFault(this.#roots, line.keyring, this.#keyring);
        if (fault !== undefined) return { word: `keyring_${fault}` };
        this.#keyring = line.keyring;
        return { word: "keyring" };
      }
      case "commit":
        return this.#commit(line, now);
      // Roots are believed as line 1 of a floor, and nowhere else.
      default:
        return { word: "no_record" };
    }
  }

  /** What may be said of the view. `isAtEnd`: the carrier is at the end that it captured. */
  state(isAtEnd: boolean, stalenessSMax: number, now: number): State {
    if (this.#isForked) return "forked";
    const view = this.#view;
    // Also where the carrier brings nothing that counts any more: who lies must not hide how old the view is.
    if (view !== undefined && this.#isHeard && ageOf(view, now) > stalenessSMax) return "stale";
    if (view !== undefined && isAtEnd && this.isAtView) return "live";
    return this.#isHeard || this.#isLastView !== undefined || isAtEnd ? "catching_up" : "floor";
  }

  #keep(change: () => boolean): Read {
    if (this.#isFull) return { word: "full" };
    if (change()) return { word: "kept" };
    this.#isFull = true;
    return { word: "full" };
  }

  #commit(commit: Commit, now: number): Read {
    const fault = commitFault(this.#roots, this.#keyring, commit);
    if (fault !== undefined) {
      // Of this feed and not to be judged: a keyring was withheld, or somebody lies. What is shown is not known to be the last either way.
      if (fault !== "feed" && this.#isLastView !== undefined) this.#isLastView = false;
      return { word: `commit_${fault}` };
    }
    const read = this.#weigh(commit, now);
    const { word } = read;
    this.#isLastView = word === "shown" || word === "renewed" || (word === "behind" && this.#isView(commit));
    if (this.#highest === undefined || isAbove(commit, this.#highest)) this.#highest = commit;
    this.#isHeard ||= this.#isLastView;
    return read;
  }

  /** Whether a commit is of the view, though older than the newest of it. */
  #isView({ epoch, revision, digest }: Commit): boolean {
    const view = this.#view;
    return view?.epoch === epoch && view.revision === revision && view.digest === digest;
  }

  /** A commit that counts, against the view: forward, whole, or neither. */
  #weigh({ epoch, revision, entities, digest, at }: Commit, now: number): Read {
    const view = this.#view;
    if (view !== undefined) {
      if (epoch < view.epoch || (epoch === view.epoch && revision < view.revision)) return { word: "behind" };
      if (epoch === view.epoch && revision === view.revision) {
        if (digest !== view.digest) {
          this.#isForked = true;
          return { word: "forked" };
        }
        if (at <= view.at || at > now + AHEAD_S_MAX) return { word: "behind" };
        this.#view = { ...view, at, freshAt: Math.max(view.freshAt, Math.min(at, now)) };
        return { word: "renewed" };
      }
    }
    if (this.#isFull) return { word: "full" };
    const isWhole =
      this.#records.count(epoch, revision) === entities && this.#records.digest(epoch, revision) === digest;
    if (!isWhole) return { word: "not_whole" };
    const isNewEpoch = view?.epoch !== epoch;
    this.#view = { epoch, revision, at, digest, freshAt: Math.min(at, now) };
    this.#isForked = false;
    return { word: "shown", changes: this.#records.show(epoch, revision, isNewEpoch) };
  }
}

type Place = { readonly epoch: number; readonly revision: number };

/** Whether one place is above another; nothing is above nothing. */
function isAbove(one: Place | undefined, other: Place | undefined): boolean {
  if (one === undefined || other === undefined) return one !== undefined;
  return one.epoch > other.epoch || (one.epoch === other.epoch && one.revision > other.revision);
}

/** Seconds since a view was known to be the newest; 0 where a clock is behind. */
export function ageOf({ freshAt }: View, now: number): number {
  return Math.max(now - freshAt, 0);
}
