/** What was found on the way to a decision, and how it is told: the reasons of contract §4, in their one order. */

import type { Api, Operation } from "../entity/api.ts";
import type { Client, Credential, Grant } from "../entity/client.ts";
import type { Issuer } from "../entity/issuer.ts";
import type { Cell, Plan, Revocation, Tenant } from "../entity/other.ts";
import type { Key } from "../key.ts";

/** Each step notes what it established. */
export interface Trail {
  api?: Api | undefined;
  operation?: Operation | undefined;
  keyCredential?: Credential;
  issuer?: Issuer | undefined;
  key?: Key | undefined;
  tokenCredential?: Credential;
  certificateCredential?: Credential;
  client?: Client;
  /** The one that refused. */
  revocation?: Revocation;
  tenant?: Tenant;
  cell?: Cell;
  grant?: Grant;
  plan?: Plan;
  /** Of a permit: scopes that were asked for and held. */
  held?: readonly string[];
  /** Scopes that were asked for and are missing. */
  missing?: readonly string[];
}

/** The reasons. */
export function reasonsOf(trail: Trail): string[] {
  const reasons: string[] = [];
  const tell = (word: string, value: string | undefined): void => {
    if (value !== undefined) reasons.push(`${word}/${value}`);
  };
  tell("api", trail.api?.id);
  tell(trail.operation?.isPublic ? "public" : "operation", trail.operation?.match);
  tell("credential", trail.keyCredential?.id);
  tell("issuer", trail.issuer?.id);
  tell("key", trail.key && (trail.key.kid ?? ""));
  tell("credential", trail.tokenCredential?.id);
  tell("credential", trail.certificateCredential?.id);
  tell("client", trail.client?.id);
  tell("revocation", trail.revocation?.id);
  tell("tenant", trail.tenant?.id);
  tell("cell", trail.cell?.id);
  tell("grant", trail.grant?.api);
  tell("plan", trail.plan?.id);
  for (const scope of trail.held ?? []) tell("scope", scope);
  for (const scope of trail.missing ?? []) tell("missing", scope);
  return reasons;
}
