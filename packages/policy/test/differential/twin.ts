/** The other language's program: batches in, outcomes out, one process for the whole run. */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { type Batch, type Outcome, whole } from "../../tools/cases.ts";

/** A running program that decides batches. */
export class Twin {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #interface: Interface;

  constructor(program: string) {
    this.#child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
    this.#interface = createInterface({ input: this.#child.stdout });
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  /** Its outcomes for a batch, in order. */
  async decide(batch: Batch): Promise<Partial<Outcome>[]> {
    this.#child.stdin.write(`${JSON.stringify(batch)}\n`);
    const outcomes: Partial<Outcome>[] = [];
    for (const request of batch.requests) {
      const line = await this.#lines.next();
      if (line.done) throw new Error(`the program ended before ${JSON.stringify(request)}`);
      outcomes.push(whole(JSON.parse(line.value)));
    }
    return outcomes;
  }

  /** Ends it. */
  end(): void {
    this.#child.stdin.end();
    this.#interface.close();
  }
}
