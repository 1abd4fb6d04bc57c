/**
 * What goes back to API Gateway: a policy, a simple verdict, or the one error that it turns into a 401.
 *
 * Exactly these values are what AWS reads. Nothing here decides. The members and their order are those of the Rust
 * build.
 */

import type { Code, State } from "@switchboard/policy";

/** Largest answer, in bytes: API Gateway takes no larger one of a WebSocket authorizer, and no larger policy. */
const ANSWER_BYTES_MAX = 8_192;

/** A statement about `execute-api:Invoke`. */
export interface Statement {
  readonly Action: "execute-api:Invoke";
  readonly Effect: "Allow" | "Deny";
  readonly Resource?: string | readonly string[];
  /** What fits none of these. */
  readonly NotResource?: readonly string[];
}

/** Which policy decided. */
export interface PolicyState {
  readonly revision: number;
  /** How it is held. */
  readonly state: State;
}

/**
 * Who is let in. All of it is always there, and empty where the decision says nothing: an integration maps each member
 * onto a field, and only that takes away the field of this name that a caller sent.
 */
export interface PermitContext extends PolicyState {
  /** The client's id, or the client claim; in header form, as the three that follow. */
  readonly client: string;
  readonly user: string;
  readonly role: string;
  readonly tenant: string;
  /** The authorizer's own cell. */
  readonly cell: string;
  /** Effective scopes that are scope tokens, joined by blanks. */
  readonly scopes: string;
}

/** Why nobody is let in. */
export interface RefusalContext extends PolicyState {
  readonly code: Code;
  /** Its one sentence. It can stand in a JSON string as it is, which is where a gateway response puts it. */
  readonly message: string;
  /** The client's id, where it was established. */
  readonly client?: string;
}

/** What is told beside the verdict: scalars alone. */
export type Context = PermitContext | RefusalContext;

/** An IAM policy and who it is about. */
export interface PolicyAnswer {
  readonly principalId: string;
  readonly policyDocument: { readonly Version: "2012-10-17"; readonly Statement: readonly Statement[] };
  readonly context: Context;
  /** By which API Gateway's usage plan counts; on REST and WebSocket APIs, of a client that is let in. */
  readonly usageIdentifierKey?: string;
}

/** A verdict alone. */
export interface SimpleAnswer {
  readonly isAuthorized: boolean;
  readonly context: Context;
}

/** The function fails, with exactly the message `Unauthorized`: a 401 on REST and WebSocket APIs. */
export interface Unauthorized {
  readonly error: "Unauthorized";
}

/** What is done with a request. */
export type Answer = PolicyAnswer | SimpleAnswer | Unauthorized;

/** The policy with these statements. */
export function policyAnswer(
  context: Context,
  statements: readonly Statement[],
  usageIdentifierKey?: string,
): PolicyAnswer {
  return {
    // Of a permit without a client it is empty.
    principalId: context.client || "anonymous",
    policyDocument: { Version: "2012-10-17", Statement: statements },
    context,
    ...(usageIdentifierKey === undefined ? {} : { usageIdentifierKey }),
  };
}

/** Lets in, or refuses, what fits. */
export function statement(effect: "Allow" | "Deny", resource: string | readonly string[]): Statement {
  return { Action: "execute-api:Invoke", Effect: effect, Resource: resource };
}

/** Refuses what fits none of these. */
export function denyAllBut(resources: readonly string[]): Statement {
  return { Action: "execute-api:Invoke", Effect: "Deny", NotResource: resources };
}

/** Whether API Gateway takes an answer of this size. */
export function fits(answer: Answer): boolean {
  return Buffer.byteLength(JSON.stringify(answer)) <= ANSWER_BYTES_MAX;
}
