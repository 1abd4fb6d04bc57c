/** Why a look brought nothing. What is told here may stand in a log: no token, nothing of a body. */

/** Why a look brought nothing. */
export class Failure extends Error {
  override readonly name = "Failure";
}

/** The system's word for what went wrong. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  // TLS and sockets have codes; a sentence of theirs could name what was sent.
  return "code" in error ? String(error.code) : error.name;
}
