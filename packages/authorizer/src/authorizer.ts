/**
 * An authorizer that was started: settings and a policy that go together, and the answer to each event.
 *
 * Pure: the caller reads files and clocks. The order is that of the gateway, `present`, `verify`, `decide`, on facts from
 * the event; what is refused before that, because the event is about no request, is always a Deny.
 */

import { createHash } from "node:crypto";
import {
  type Code,
  type Decision,
  decide,
  type Facts,
  type Policy,
  present,
  statusOf,
  verify,
} from "@switchboard/policy";
import { type Answer, type Context, fits, policyAnswer, statement } from "./answer.ts";
import { type Arn, everything, resourceOf, wholeStage } from "./arn.ts";
import { type Event, isHttpApi, type Request, readEvent, readRequest } from "./event.ts";
import { pairsOf } from "./fields.ts";
import { Kept } from "./kept.ts";
import type { Settings } from "./settings.ts";

/** A policy, and where it came from. */
export interface Source {
  readonly policy: Policy;
  /** The name of the feed. */
  readonly feed: string;
  readonly revision: number;
}

/** Why an authorizer does not start with this floor. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** An authorizer that was started. */
export class Authorizer {
  readonly #settings: Settings;
  readonly #source: Source;
  /** Where API Gateway keeps answers. */
  readonly #kept: Kept | undefined;

  /** With settings and a policy that go together. */
  constructor(settings: Settings, source: Source) {
    this.#settings = settings;
    this.#source = source;
    checkApis(settings, source.policy);
    const [api = ""] = settings.apis;
    this.#kept = settings.resultTtlS > 0 ? new Kept(source.policy, api, settings.pathPrefix) : undefined;
    const inexact = this.#kept?.inexact;
    if (inexact !== undefined) {
      throw new StartError(
        `SWITCHBOARD_RESULT_TTL_S is ${settings.resultTtlS}, but an answer that is kept can't say ` +
          `\`${inexact.operation}\` of \`${api}\` exactly: ${inexact.why}; write 0, or change the operation`,
      );
    }
  }

  /** The answer to an event. `now`: Unix seconds. */
  answer(value: unknown, now: number): Answer {
    const event = readEvent(value);
    const request = readRequest(event, this.#settings.pathPrefix);
    if (typeof request === "string") return this.#refusal(event, this.#refused("operation_unknown"));
    const { policy } = this.#source;
    const facts = this.#factsOf(request);
    const proof = verify(present(policy, facts));
    const decision = decide(policy, facts, proof, now);
    if (decision.decision === "reject" && statusOf(decision.code) === 401 && !isHttpApi(event.shape)) {
      return { error: "Unauthorized" };
    }
    // WebSocket APIs keep no answers.
    if (this.#kept === undefined || event.arn === undefined || event.shape === "websocket") {
      return this.#answerTo(event, decision);
    }
    const decideAt = (at: Pick<Facts, "path" | "method">): Decision => {
      const there = { ...facts, ...at };
      return decide(policy, there, verify(present(policy, there, () => proof.verified)), now);
    };
    return this.#answerForAll(this.#kept, event, event.arn, decision, decideAt);
  }

  #factsOf(request: Request): Facts {
    return {
      method: request.method,
      path: request.path,
      headers: pairsOf(request.fields),
      certificate: request.certificate,
      apis: this.#settings.apis,
      cell: this.#settings.cell,
    };
  }

  /** The answer to an event that is about a request, for that request alone. */
  #answerTo(event: Event, decision: Decision): Answer {
    const context = this.#contextOf(decision);
    if (decision.decision === "reject" || event.arn === undefined) return this.#refusal(event, context);
    const answer = this.#isSimple(event)
      ? { isAuthorized: true, context }
      : policyAnswer(context, [statement("Allow", resourceOf(event.arn))], this.#usageKey(event, context));
    return fits(answer) ? answer : this.#refusal(event, this.#refused("claim_too_large"));
  }

  /** The answer to an event, for everything that the client may call. */
  #answerForAll(
    kept: Kept,
    event: Event,
    arn: Arn,
    decision: Decision,
    decideAt: (at: Pick<Facts, "path" | "method">) => Decision,
  ): Answer {
    const { statements, identity } = kept.statements(arn, decideAt);
    if (statements.length === 0) {
      const isRefused = decision.decision === "reject";
      const context = isRefused ? this.#contextOf(decision) : this.#refused("operation_unknown");
      return this.#refusal(event, context);
    }
    const context = identity === undefined ? this.#context() : this.#contextOf(identity);
    const answer = policyAnswer(context, statements, this.#usageKey(event, context));
    const isWritable = kept.isWritable(statements) && fits(answer);
    return isWritable ? answer : this.#refusal(event, this.#refused("policy_unsupported"));
  }

  /** A Deny, of no more than the ARN where the answer is not kept. */
  #refusal(event: Event, context: Context): Answer {
    if (this.#isSimple(event)) return { isAuthorized: false, context };
    const { arn } = event;
    if (arn === undefined) return policyAnswer(context, [statement("Deny", everything(event.arnText))]);
    const resource = this.#kept === undefined ? resourceOf(arn) : wholeStage(arn);
    return policyAnswer(context, [statement("Deny", resource)]);
  }

  #isSimple(event: Event): boolean {
    return this.#settings.response === "simple" && event.shape === "http2";
  }

  /** By which API Gateway counts, where it has usage plans: never a key that was presented. */
  #usageKey(event: Event, { client }: Context): string | undefined {
    if (client === undefined || isHttpApi(event.shape)) return undefined;
    return createHash("sha256").update(`${this.#source.feed}\n${client}`).digest("base64url");
  }

  #contextOf(decision: Decision): Context {
    if (decision.decision === "reject") return this.#refused(decision.code, decision.client);
    const { client, user, role, tenant, scopes } = decision;
    return {
      ...known({ client, user, role, tenant }),
      ...(scopes.length > 0 ? { scopes: scopes.join(" ") } : {}),
      ...this.#context(),
    };
  }

  #refused(code: Code, client?: string): Context {
    return { code, ...known({ client }), ...this.#context() };
  }

  #context(): Context {
    return { revision: this.#source.revision, state: "floor" };
  }
}

/** The members that are there. */
function known<T extends Record<string, string | undefined>>(members: T): { [K in keyof T]?: string } {
  const there = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(there) as { [K in keyof T]?: string };
}

function checkApis({ apis }: Settings, policy: Policy): void {
  const byBasePath = new Map<string, string>();
  for (const id of apis) {
    const api = policy.contents.apis.get(id);
    if (api === undefined) {
      throw new StartError(
        `SWITCHBOARD_APIS names \`${id}\`, which is not in the floor; correct the id, or build the floor anew`,
      );
    }
    const other = byBasePath.get(api.basePath);
    if (other !== undefined) {
      throw new StartError(
        `SWITCHBOARD_APIS names \`${other}\` and \`${id}\`, which have the same base path under different hosts; ` +
          "hosts play no part here: give each an authorizer of its own",
      );
    }
    byBasePath.set(api.basePath, id);
  }
}
