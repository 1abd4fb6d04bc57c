/** The outcome of a request: a permit with an identity for the service, or a rejection with its challenges. */

import { type Code, type Detail, statusOf } from "../code.ts";
import type { Api } from "../entity/api.ts";
import { isScope } from "../form.ts";
import type { Refusal } from "../present.ts";
import { reasonsOf, type Trail } from "./trail.ts";

/** A header field. */
export type Field = readonly [name: string, value: string];

/** Who is calling, as far as `permitted` needs to know. */
export interface Principal {
  /** The id of the registered client. */
  readonly client: string | undefined;
  /** The scopes of a token; `undefined` where none was shown. */
  readonly tokenScopes: readonly string[] | undefined;
  /** Whether the token's own scopes count, without a grant. */
  readonly needsNoGrant: boolean;
}

/** What `decide` says. */
export type Decision = Permit | Rejection;

/** The request may pass. */
export class Permit {
  readonly decision = "permit";
  readonly status = 200;
  /** In header form, each where it is known. */
  readonly user: string | undefined;
  readonly role: string | undefined;
  readonly client: string | undefined;
  readonly tenant: string | undefined;
  readonly cell: string | undefined;
  /** Names of fields that are taken off, in lower case. */
  readonly remove: readonly string[];
  /** Effective scopes. */
  readonly scopes: readonly string[];
  /** The id of the grant's plan. */
  readonly plan: string | undefined;
  readonly principal: Principal;
  readonly #trail: Trail;

  constructor(
    trail: Trail,
    identity: Pick<Permit, "user" | "role" | "client" | "tenant" | "cell">,
    outcome: Pick<Permit, "remove" | "scopes" | "plan" | "principal">,
  ) {
    this.#trail = trail;
    this.user = identity.user;
    this.role = identity.role;
    this.client = identity.client;
    this.tenant = identity.tenant;
    this.cell = identity.cell;
    this.remove = outcome.remove;
    this.scopes = outcome.scopes;
    this.plan = outcome.plan;
    this.principal = outcome.principal;
  }

  /** The API that answers. */
  get api(): Api | undefined {
    return this.#trail.api;
  }

  /**
   * Those of the scopes that are scope tokens (contract §2), so that blanks can stand between them: a token that needs no
   * registered client may hold others, which no operation asks for.
   */
  get scopeTokens(): string[] {
    return this.scopes.filter(isScope);
  }

  /** The registered client's credentials that it was let in by, at most one of a kind, by their ids. */
  get credentials(): string[] {
    const { keyCredential, tokenCredential, certificateCredential } = this.#trail;
    const all = [keyCredential, tokenCredential, certificateCredential];
    return all.filter((credential) => credential !== undefined).map(({ id }) => id);
  }

  /** The identity headers, in their order. */
  get headers(): Field[] {
    const all: [string, string | undefined][] = [
      ["X-User-Id", this.user],
      ["X-User-Role", this.role],
      ["X-Client-Id", this.client],
      ["X-Tenant-Id", this.tenant],
      ["X-Cell-Id", this.cell],
    ];
    return all.filter((field): field is [string, string] => field[1] !== undefined);
  }

  /** What was found on the way. */
  reasons(): string[] {
    return reasonsOf(this.#trail);
  }
}

/** The request is refused. */
export class Rejection {
  readonly decision = "reject";
  readonly code: Code;
  readonly detail: Detail | undefined;
  readonly #trail: Trail;
  readonly #challenges: () => string[];

  constructor(trail: Trail, refusal: Refusal, challenges: () => string[]) {
    this.#trail = trail;
    this.code = refusal.code;
    this.detail = refusal.detail;
    this.#challenges = challenges;
  }

  /** 401, 403 or 503. */
  get status(): number {
    return statusOf(this.code);
  }

  /** The API that refuses, where one fits. */
  get api(): Api | undefined {
    return this.#trail.api;
  }

  /** The id of the registered client, where it was established. */
  get client(): string | undefined {
    return this.#trail.client?.id;
  }

  /** `WWW-Authenticate`, one field for each challenge. */
  get headers(): Field[] {
    return this.#challenges().map((challenge) => ["WWW-Authenticate", challenge] as const);
  }

  /** What was found on the way, up to the refusal. */
  reasons(): string[] {
    return reasonsOf(this.#trail);
  }
}
