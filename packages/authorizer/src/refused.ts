/**
 * Why a request was refused, for those who run the API: one line of JSON, for a log and never for the caller.
 *
 * API Gateway lets no code travel with a 401 of a REST or WebSocket API, and no detail with anything. So nothing here may
 * be a credential, a claim but the client's id, or a query. The twin of the Rust `refused`.
 */

import { type Code, type Decision, type Detail, statusOf } from "@switchboard/policy";
import type { Fault, Request } from "./event.ts";

/** Longest path that is told, in bytes; of a longer one as much of its front. A path that a policy can name is ASCII. */
const PATH_BYTES_MAX = 256;

/**
 * API Gateway's own ids: of REST APIs, and of HTTP and WebSocket APIs (eleven bytes in base64url). A client can choose the
 * id of its request, and so no form is taken that a token or a key could have.
 */
const REQUEST_ID = /^(?:[A-Za-z0-9-]{1,64}|[A-Za-z0-9_-]{15}=)$/;

/** A request that was refused. What is not known is left out of its line. */
export interface Refused {
  readonly refused: Code;
  readonly status: number;
  readonly fault?: Fault;
  readonly detail?: Detail | undefined;
  readonly client?: string | undefined;
  readonly api?: string | undefined;
  readonly method?: string;
  readonly path?: string;
  readonly request_id?: string | undefined;
}

/** What the decision refuses, or its answer after all. The client is a registered one, established before. */
export function refusedBy(
  decision: Decision,
  code: Code,
  { method, path }: Request,
  requestId: string | undefined,
): Refused {
  const isRejection = decision.decision === "reject";
  return {
    refused: code,
    status: statusOf(code),
    detail: isRejection ? decision.detail : undefined,
    client: isRejection ? decision.client : decision.principal.client,
    api: decision.api?.id,
    method,
    path: path.slice(0, PATH_BYTES_MAX),
    request_id: plain(requestId),
  };
}

/** What is refused before anything is decided. */
export function refusedUndecided(
  code: Code,
  { method, path }: Request,
  requestId: string | undefined,
): Refused {
  const request_id = plain(requestId);
  return { refused: code, status: statusOf(code), method, path: path.slice(0, PATH_BYTES_MAX), request_id };
}

/** An event that is about no request. */
export function refusedAtOnce(fault: Fault, requestId: string | undefined): Refused {
  const code = "operation_unknown";
  return { refused: code, status: statusOf(code), fault, request_id: plain(requestId) };
}

/** Its line, with the line's end: at most 1,024 bytes, since every member has a limit. */
export function lineOf(refused: Refused): string {
  return `${JSON.stringify(refused)}\n`;
}

function plain(requestId: string | undefined): string | undefined {
  return requestId !== undefined && REQUEST_ID.test(requestId) ? requestId : undefined;
}
