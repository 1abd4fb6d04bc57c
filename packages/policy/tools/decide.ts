/**
 * Decides many requests, line by line, for comparing with the same program in Rust.
 *
 * A line in: `{"policy": {…}, "change"?: […], "requests": [{…, "now", "fetched"?}, …]}`, as in vectors, with literal
 * tokens in headers. A line out for each request, in order: its outcome in the shape of a vector's `expect`.
 */

import { createInterface } from "node:readline";
import { type Batch, decideBatch } from "./cases.ts";

for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  const outcomes = decideBatch(JSON.parse(line) as Batch);
  process.stdout.write(outcomes.map((outcome) => `${JSON.stringify(outcome)}\n`).join(""));
}
