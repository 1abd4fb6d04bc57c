/**
 * The handler that AWS Lambda calls: settings and floor are read when the file is loaded, so that whatever is wrong with
 * them is an error of the start, and each event is answered by a pure function.
 */

import { readFileSync } from "node:fs";
import { type Floor, FloorError, readFloor } from "@switchboard/policy";
import type { PolicyAnswer, SimpleAnswer } from "./answer.ts";
import { Authorizer, StartError } from "./authorizer.ts";
import { lineOf, type Refused } from "./refused.ts";
import { readSettings } from "./settings.ts";

const authorizer = start();

/** Answers an event of API Gateway; throws nothing but the error that is a 401. */
export async function handler(event: unknown): Promise<PolicyAnswer | SimpleAnswer> {
  const answer = authorizer.answer(event, Math.floor(Date.now() / 1_000), log);
  if ("error" in answer) throw new Error(answer.error);
  return answer;
}

/** Not by `console`, before which Lambda's Node.js puts time, id and level: the line would be no JSON any more. */
function log(refused: Refused): void {
  process.stdout.write(lineOf(refused));
}

function start(): Authorizer {
  const settings = readSettings(process.env);
  return new Authorizer(settings, floorAt(settings.floor));
}

function floorAt(path: string): Floor {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new StartError(
      `SWITCHBOARD_FLOOR is \`${path}\`: cannot be read (${code}); write the path of the floor in the package`,
    );
  }
  try {
    return readFloor(bytes);
  } catch (error) {
    if (!(error instanceof FloorError)) throw error;
    throw new StartError(`SWITCHBOARD_FLOOR is \`${path}\`: ${error.message}; build the floor anew`);
  }
}
