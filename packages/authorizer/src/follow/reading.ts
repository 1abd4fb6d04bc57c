/**
 * What comes of a look, line by line: what is believed, how far a bundle was read, and what is applied of it.
 *
 * Pure: bytes and time are passed in. What cannot be believed changes nothing. The twin of the Rust `follow/reading.rs`.
 */

import {
  type Changed,
  RECORD_BYTES_MAX,
  type Read,
  type Reader,
  type View,
  type Word,
} from "@switchboard/policy";
import type { Rest } from "@switchboard/policy/carrier";

/** Revisions that are told to the portal in one report. */
const APPLIED_MAX = 256;
const LF = 0x0a;

/** A revision that was put in force. */
export interface Applied {
  readonly epoch: number;
  readonly revision: number;
  /** Since 1970, in milliseconds. */
  readonly atMs: number;
}

/** A bundle that was read in part. */
interface Download {
  readonly tag: string | undefined;
  taken: number;
  /** Of the line that has not ended yet. */
  line: Buffer[];
  /** What was shown when it began, though a commit said something else. */
  readonly before: View;
}

/** Words of a commit that counts, whatever comes of it. */
const COUNTS: ReadonlySet<Word> = new Set(["shown", "renewed", "behind", "not_whole", "forked"]);

/** A feed that is read, and a bundle that may be under way. */
export class Reading {
  readonly reader: Reader;
  /** The last look found the view. */
  #isAtEnd = false;
  #download: Download | undefined;
  #applied: Applied[] = [];

  constructor(reader: Reader) {
    this.reader = reader;
  }

  get view(): View {
    const { view } = this.reader;
    if (view === undefined) throw new Error("it begins with a floor's view, which stays");
    return view;
  }

  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  /** A look brought nothing. */
  failed(): void {
    this.#isAtEnd = false;
  }

  /** The commit alone, looked at first: whether it is the view's, and what it shows where nothing but it has changed. */
  commit(bytes: Buffer, unixMs: number): { isView: boolean; changes: readonly Changed[] | undefined } {
    const { word, changes } = this.#line(bytes.at(-1) === LF ? bytes.subarray(0, -1) : bytes, unixMs);
    // One that does not count says nothing of the last one that did.
    this.#isAtEnd = COUNTS.has(word) && this.reader.isAtView;
    if (this.#isAtEnd) this.#download = undefined;
    return { isView: this.#isAtEnd, changes };
  }

  /** What a request for the rest of the bundle names. */
  get rest(): Rest | undefined {
    if (this.#download?.tag === undefined || this.#download.taken === 0) return undefined;
    return { from: this.#download.taken, tag: this.#download.tag };
  }

  /** A bundle comes, from its start. */
  begin(tag: string | undefined): void {
    this.reader.restart();
    this.#download = { tag, taken: 0, line: [], before: this.view };
  }

  /** More of the bundle; what each commit in it shows. */
  take(bytes: Buffer, unixMs: number): (readonly Changed[])[] {
    const shown: (readonly Changed[])[] = [];
    const download = this.#download;
    if (download === undefined) return shown;
    download.taken += bytes.length;
    let begin = 0;
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, begin)) {
      const line = bytes.subarray(begin, end);
      const { changes } = this.#line(
        download.line.length === 0 ? line : Buffer.concat([...download.line, line]),
        unixMs,
      );
      download.line = [];
      if (changes !== undefined) shown.push(changes);
      begin = end + 1;
    }
    append(download, bytes.subarray(begin));
    return shown;
  }

  /**
   * The bundle is at its end: whether that is a newer view, as the commit had promised, and what its last line shows, where
   * it has no end.
   */
  end(unixMs: number): { isView: boolean; changes: readonly Changed[] | undefined } {
    const download = this.#download;
    this.#download = undefined;
    const last = Buffer.concat(download?.line ?? []);
    const changes = last.length > 0 ? this.#line(last, unixMs).changes : undefined;
    this.#isAtEnd = this.reader.isAtView && this.view !== download?.before;
    return { isView: this.#isAtEnd, changes };
  }

  /** Revisions that the portal was not told of yet. */
  get applied(): readonly Applied[] {
    return this.#applied;
  }

  /** The portal was told of these. */
  told(applied: readonly Applied[]): void {
    this.#applied = this.#applied.filter((each) => !applied.includes(each));
  }

  #line(line: Buffer, unixMs: number): Read {
    const read = this.reader.line(line, Math.floor(unixMs / 1_000));
    if (read.changes !== undefined) {
      const { epoch, revision } = this.view;
      const shown = { epoch, revision, atMs: unixMs };
      this.#applied = [...this.#applied.slice(1 - APPLIED_MAX), shown];
    }
    return read;
  }
}

/** One byte more than a record may have is enough to see that it is none. */
function append(download: Download, bytes: Buffer): void {
  const held = download.line.reduce((sum, piece) => sum + piece.length, 0);
  const room = Math.max(RECORD_BYTES_MAX + 1 - held, 0);
  if (bytes.length > 0 && room > 0) download.line.push(Buffer.from(bytes.subarray(0, room)));
}
