/**
 * An authorizer that was started: settings and a policy that go together, and the answer to each event.
 *
 * Pure: the caller reads files and clocks. The order is that of the gateway, `present`, `verify`, `decide`, on facts from
 * the event; what is refused before that, because the event is about no request, is always a Deny.
 */

import { createHash } from "node:crypto";
import {
  type Change,
  type Changed,
  type Code,
  type Decision,
  decide,
  type Facts,
  messageOf,
  type Permit,
  type Policy,
  type Proof,
  present,
  type Rejection,
  type State,
  statusOf,
  verify,
} from "@switchboard/policy";
import {
  type Answer,
  type Context,
  fits,
  type PermitContext,
  type PolicyState,
  policyAnswer,
  type RefusalContext,
  statement,
} from "./answer.ts";
import { type Arn, everything, resourceOf, wholeStage } from "./arn.ts";
import { type Event, isHttpApi, type Request, readEvent, readRequest, requestIdOf } from "./event.ts";
import { pairsOf } from "./fields.ts";
import { Kept } from "./kept.ts";
import { type Refused, refusedAtOnce, refusedBy, refusedUndecided } from "./refused.ts";
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

/** An answer, and the code with which this request is refused. */
interface Judged {
  readonly answer: Answer;
  readonly code?: Code;
}

/** An authorizer that was started. */
export class Authorizer {
  readonly #settings: Settings;
  #source: Source;
  /** Where API Gateway keeps answers. */
  #kept: Kept | undefined;
  /** How the policy is held. */
  #state: State = "floor";
  /** With which code every request is refused, whatever the policy says. */
  #refuses: Code | undefined;
  /** The policy does not go with the settings. */
  #isUnfit = false;

  /** With settings and a policy that go together. */
  constructor(settings: Settings, source: Source) {
    this.#settings = settings;
    this.#source = source;
    checkApis(settings, source.policy);
    const { kept, fault } = keptOf(settings, source.policy);
    if (fault !== undefined) throw fault;
    this.#kept = kept;
  }

  /**
   * These changes are in force from here on. Where the policy does not go with the settings any more it is in force all the
   * same, and every request is refused with `policy_unsupported`: what the former one permits may have been taken back.
   * Returns why it does not. An API that is gone is no reason: nothing of it is permitted any more.
   */
  follow(changes: readonly Changed[], revision: number): StartError | undefined {
    const { policy } = this.#source.policy.apply(changes.map(changeOf));
    this.#source = { ...this.#source, policy, revision };
    const { kept, fault } = keptOf(this.#settings, policy);
    this.#isUnfit = fault !== undefined;
    // A refusal is still for the whole stage where answers are kept.
    this.#kept = kept ?? this.#kept;
    return fault;
  }

  /** How the policy is held, and whether it is too old to decide on. */
  stand(state: State, isDenied: boolean): void {
    this.#state = state;
    this.#refuses = isDenied ? "policy_stale" : this.#isUnfit ? "policy_unsupported" : undefined;
  }

  /**
   * The answer to an event. `now`: Unix seconds. `tell` is told of a refusal, and of nothing else; `used` of each credential
   * by which the request may pass, by its id.
   */
  answer(
    value: unknown,
    now: number,
    tell?: (refused: Refused) => void,
    used?: (credential: string) => void,
  ): Answer {
    const event = readEvent(value);
    const request = readRequest(event, this.#settings.pathPrefix);
    if (typeof request === "string") {
      tell?.(refusedAtOnce(request, requestIdOf(event)));
      return this.#refusing(event, "operation_unknown").answer;
    }
    if (this.#refuses !== undefined) {
      tell?.(refusedUndecided(this.#refuses, request, requestIdOf(event)));
      return this.#refusing(event, this.#refuses).answer;
    }
    const facts = this.#factsOf(request);
    const proof = verify(present(this.#source.policy, facts));
    const decision = decide(this.#source.policy, facts, proof, now);
    const { answer, code } = this.#judge(event, facts, proof, decision, now);
    if (code !== undefined) tell?.(refusedBy(decision, code, request, requestIdOf(event)));
    else if (decision.decision === "permit") for (const id of decision.credentials) used?.(id);
    return answer;
  }

  #judge(event: Event, facts: Facts, proof: Proof, decision: Decision, now: number): Judged {
    const { policy } = this.#source;
    if (decision.decision === "reject" && statusOf(decision.code) === 401 && !isHttpApi(event.shape)) {
      return { answer: { error: "Unauthorized" }, code: decision.code };
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
  #answerTo(event: Event, decision: Decision): Judged {
    if (decision.decision === "reject") return this.#rejecting(event, decision);
    if (event.arn === undefined) return this.#refusing(event, "operation_unknown");
    const context = this.#permitted(decision);
    const answer = this.#isSimple(event)
      ? { isAuthorized: true, context }
      : policyAnswer(context, [statement("Allow", resourceOf(event.arn))], this.#usageKey(event, context));
    return fits(answer) ? { answer } : this.#refusing(event, "claim_too_large");
  }

  /** The answer to an event, for everything that the client may call; the request may be refused in the midst of that. */
  #answerForAll(
    kept: Kept,
    event: Event,
    arn: Arn,
    decision: Decision,
    decideAt: (at: Pick<Facts, "path" | "method">) => Decision,
  ): Judged {
    const { statements, identity } = kept.statements(arn, decideAt);
    if (statements.length === 0 || identity === undefined) {
      const isRefused = decision.decision === "reject";
      return isRefused ? this.#rejecting(event, decision) : this.#refusing(event, "operation_unknown");
    }
    const context = this.#permitted(identity);
    const answer = policyAnswer(context, statements, this.#usageKey(event, context));
    const isWritable = kept.isWritable(statements) && fits(answer);
    if (!isWritable) return this.#refusing(event, "policy_unsupported");
    return decision.decision === "reject" ? { answer, code: decision.code } : { answer };
  }

  /** A refusal without a client. */
  #refusing(event: Event, code: Code): Judged {
    return { answer: this.#refusal(event, this.#refused(code)), code };
  }

  #rejecting(event: Event, { code, client }: Rejection): Judged {
    return { answer: this.#refusal(event, this.#refused(code, client)), code };
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
    if (!client || isHttpApi(event.shape)) return undefined;
    const named = `${this.#source.feed}\n${this.#settings.gateway ?? ""}\n${client}`;
    // In hexadecimal: API Gateway takes letters and digits.
    return createHash("sha256").update(named).digest("hex");
  }

  /** The members in this order; empty where the decision says nothing. */
  #permitted({
    client = "",
    user = "",
    role = "",
    tenant = "",
    cell = "",
    scopeTokens,
  }: Permit): PermitContext {
    return { client, user, role, tenant, cell, scopes: scopeTokens.join(" "), ...this.#policyState() };
  }

  #refused(code: Code, client?: string): RefusalContext {
    const known = client === undefined ? {} : { client };
    return { code, message: messageOf(code), ...known, ...this.#policyState() };
  }

  #policyState(): PolicyState {
    return { revision: this.#source.revision, state: this.#state };
  }
}

function checkApis({ apis }: Settings, policy: Policy): void {
  const unknown = apis.find((id) => policy.contents.apis.get(id) === undefined);
  if (unknown === undefined) return;
  throw new StartError(
    `SWITCHBOARD_APIS names \`${unknown}\`, which is not in the floor; correct the id, or build the floor anew`,
  );
}

/** Where API Gateway keeps answers; and why settings and policy do not go together. */
function keptOf(
  settings: Settings,
  policy: Policy,
): { kept: Kept | undefined; fault: StartError | undefined } {
  const { apis, resultTtlS, pathPrefix } = settings;
  const twice = sameBasePath(apis, policy);
  if (twice !== undefined) {
    const [one, other] = twice;
    const fault = new StartError(
      `SWITCHBOARD_APIS names \`${one}\` and \`${other}\`, which have the same base path under different hosts; ` +
        "hosts play no part here: give each an authorizer of its own",
    );
    return { kept: undefined, fault };
  }
  const [api = ""] = apis;
  const kept = resultTtlS > 0 ? new Kept(policy, api, pathPrefix) : undefined;
  const inexact = kept?.inexact;
  if (inexact === undefined) return { kept, fault: undefined };
  const fault = new StartError(
    `SWITCHBOARD_RESULT_TTL_S is ${resultTtlS}, but an answer that is kept can't say ` +
      `\`${inexact.operation}\` of \`${api}\` exactly: ${inexact.why}; write 0, or change the operation`,
  );
  return { kept: undefined, fault };
}

/** Of the APIs that are there, the first two on one base path. */
function sameBasePath(apis: readonly string[], policy: Policy): [string, string] | undefined {
  const byBasePath = new Map<string, string>();
  for (const id of apis) {
    const api = policy.contents.apis.get(id);
    if (api === undefined) continue;
    const other = byBasePath.get(api.basePath);
    if (other !== undefined) return [other, id];
    byBasePath.set(api.basePath, id);
  }
  return undefined;
}

/** A view's change as policy takes it. */
function changeOf({ key, entity }: Changed): Change {
  if (entity !== undefined) return entity;
  const slash = key.indexOf("/");
  return { kind: key.slice(0, slash), id: key.slice(slash + 1), deleted: true };
}
