/**
 * The handler that AWS Lambda calls: settings and floor are read when the file is loaded, so that whatever is wrong with
 * them is an error of the start, and each event is answered by the newest policy that could be had within its invocation.
 */

import type { PolicyAnswer, SimpleAnswer } from "./answer.ts";
import { lineOf, type Refused } from "./refused.ts";
import { start } from "./start.ts";

const authorizer = start(process.env, say);

/** Answers an event of API Gateway; throws nothing but the error that is a 401. */
export async function handler(event: unknown): Promise<PolicyAnswer | SimpleAnswer> {
  const answer = await authorizer.answer(event, log);
  if ("error" in answer) throw new Error(answer.error);
  return answer;
}

/** Not by `console`, before which Lambda's Node.js puts time, id and level: the line would be no JSON any more. */
function log(refused: Refused): void {
  process.stdout.write(lineOf(refused));
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
