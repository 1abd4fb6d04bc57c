/** A random history of a feed: a publisher with its keys, strangers, and carriers that lose, repeat and alter lines. */

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import type { Random } from "./random.ts";

/** A line and when it comes; null where the carrier begins again. */
export type Step = readonly [line: string, now: number] | null;

const FEED = "acme-prod";
const BEGIN = 1_763_900_000;
const KEYS = ["client/a", "client/b", "client/c", "plan/p", "thing/t"];
/** PKCS #8 before the 32 bytes of a private key of Ed25519 (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

interface SigningKey {
  readonly id: string;
  readonly key: KeyObject;
  readonly x: string;
}

function keyOf(id: string, seed: number): SigningKey {
  const der = Buffer.concat([PKCS8, Buffer.alloc(32, seed)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return { id, key, x: createPublicKey(key).export({ format: "jwk" }).x ?? "" };
}

function signed({ key }: SigningKey, text: string): string {
  return sign(null, Buffer.from(text), key).toString("base64url");
}

const ROOT = keyOf("r1", 1);
const SIGNERS = [keyOf("2026-a", 2), keyOf("2026-b", 3)];
const STRANGERS = [keyOf("2026-a", 102), keyOf("2026-z", 103)];

/** Written from feed §1 alone: nothing of the reader's digest is used. */
function digestOf(records: ReadonlyMap<string, string>): string {
  const sha = (bytes: Uint8Array | string): Buffer => createHash("sha256").update(bytes).digest();
  const buckets = Array.from({ length: 256 }, (): Buffer[] => []);
  for (const [key, value] of records) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(key));
    buckets[sha(key)[0] ?? 0]?.push(sha(Buffer.concat([length, Buffer.from(key), Buffer.from(value)])));
  }
  return sha(Buffer.concat(buckets.map((each) => sha(Buffer.concat(each.sort(Buffer.compare)))))).toString(
    "hex",
  );
}

/** A history in the making. */
export class History {
  readonly #random: Random;
  #now = BEGIN;
  #epoch = BEGIN - 900;
  #version = BEGIN - 900;
  #revision = 1;
  #signer = SIGNERS[0] as SigningKey;
  #keyring = "";
  readonly #bodies = new Map<string, string>();
  readonly #records = new Map<string, string>();
  readonly #steps: Step[] = [];
  readonly #former: string[] = [];

  constructor(random: Random) {
    this.#random = random;
    this.#keyring = this.#keyringOf(undefined);
    for (const key of KEYS.slice(0, 3)) this.#put(key);
  }

  /** The floor, and what comes behind it. */
  make(): { floor: string; steps: readonly Step[] } {
    const roots = JSON.stringify({ feed: FEED, roots: [{ id: ROOT.id, ed25519: ROOT.x }] });
    const floor = [roots, ...this.#bundle(), ""].join("\n");
    const moves: (() => void)[] = [
      () => this.#publish(),
      () => this.#publish(),
      () => this.#beat(),
      () => this.#reread(),
      () => this.#reread(),
      () => this.#repeat(),
      () => this.#lie(),
      () => this.#rotate(),
      () => this.#beginEpoch(),
      () => this.#give(this.#random.pick(["", "{}", "[", '{"feed":"x"}', roots])),
      () => {
        this.#now += this.#random.pick([1, 10, 59, 61, 300]);
      },
    ];
    this.#random.times(10, 40, () => this.#random.pick(moves)());
    return { floor, steps: this.#steps };
  }

  #bundle(): string[] {
    return [this.#keyring, ...this.#records.values(), this.#commit()];
  }

  #put(key: string): void {
    const [kind = "", id = ""] = key.split("/");
    this.#bodies.set(key, `{"n":${this.#random.pick([1, 2, 3])}}`);
    const place = `"feed":"${FEED}","epoch":${this.#epoch},"revision":${this.#revision}`;
    this.#records.set(key, `{${place},"kind":"${kind}","id":"${id}","body":${this.#bodies.get(key)}}`);
  }

  #keyringOf(notAfter: number | undefined): string {
    const ends = notAfter === undefined ? "" : `,"not_after":${notAfter}`;
    const keys = `[{"id":"${this.#signer.id}","ed25519":"${this.#signer.x}"${ends}}]`;
    const front = `{"feed":"${FEED}","version":${this.#version},"epoch":${this.#epoch},"keys":${keys},"root":"${ROOT.id}"`;
    return `${front},"sig":"${signed(ROOT, front)}"}`;
  }

  #commit(
    signer = this.#signer,
    at = this.#now,
    records: ReadonlyMap<string, string> = this.#records,
  ): string {
    const digest = digestOf(records);
    const covered = ["v1", FEED, this.#epoch, this.#revision, records.size, digest, at, signer.id].join("|");
    const front = `{"feed":"${FEED}","epoch":${this.#epoch},"revision":${this.#revision},"entities":${records.size}`;
    return `${front},"digest":"${digest}","at":${at},"key":"${signer.id}","sig":"${signed(signer, covered)}"}`;
  }

  #give(line: string): void {
    this.#former.push(line);
    this.#steps.push([line, this.#now]);
  }

  /** What a carrier makes of lines: some are lost, altered or given twice. */
  #carry(lines: readonly string[]): void {
    const isSound = !this.#random.oneIn(3);
    for (const line of lines) {
      if (!isSound && this.#random.oneIn(6)) continue;
      this.#give(!isSound && this.#random.oneIn(8) ? this.#altered(line) : line);
      if (!isSound && this.#random.oneIn(8)) this.#give(line);
    }
  }

  #altered(line: string): string {
    const [from, to] = this.#random.pick([
      ['"n":1', '"n":9'],
      [FEED, "other"],
      ['"revision":', '"revision":1'],
      ['"sig":"', '"sig":"A'],
      ['"key":"2026', '"kez":"2026'],
      ['"root":"r1"', '"root":"r2"'],
      ['"id":"', '"id":"x'],
    ]);
    return line.replace(from, to);
  }

  #publish(): void {
    this.#now += 1;
    this.#revision += 1;
    const lines: string[] = [];
    this.#random.times(0, 3, () => {
      const key = this.#random.pick(KEYS);
      if (this.#random.oneIn(3)) {
        this.#records.delete(key);
        lines.push(`{"key":"${key}","deleted":true}`);
        return;
      }
      this.#put(key);
      lines.push(this.#records.get(key) ?? "");
    });
    this.#carry([...lines, this.#commit()]);
  }

  #beat(): void {
    this.#now += 1;
    this.#give(this.#commit(this.#signer, this.#now + this.#random.pick([0, 0, 0, -30, 59, 60, 61, 500])));
  }

  #reread(): void {
    this.#steps.push(null);
    this.#carry(this.#bundle());
  }

  #repeat(): void {
    if (this.#former.length > 0) this.#give(this.#random.pick(this.#former));
  }

  #lie(): void {
    const records = new Map(this.#records).set("client/evil", `{"feed":"${FEED}","epoch":0}`);
    this.#give(this.#commit(this.#random.pick(STRANGERS)));
    // Two publishers of one revision.
    if (this.#random.oneIn(2)) this.#give(this.#commit(this.#signer, this.#now, records));
  }

  #rotate(): void {
    this.#version += this.#random.pick([0, 1, 1, -1]);
    this.#signer = this.#random.pick(SIGNERS);
    this.#keyring = this.#keyringOf(this.#random.pick([undefined, undefined, this.#now + 30]));
    this.#give(this.#keyring);
  }

  #beginEpoch(): void {
    if (!this.#random.oneIn(3)) return;
    this.#epoch += 1;
    this.#version += 1;
    this.#revision = this.#random.pick([1, this.#revision]);
    this.#keyring = this.#keyringOf(undefined);
    for (const key of [...this.#records.keys()]) this.#put(key);
    this.#carry(this.#bundle());
  }
}
