/** What a compiled policy consists of, and what changes it: entities by id, and indexes by what requests show. */

import { Claimants } from "./claimants.ts";
import type { Api } from "./entity/api.ts";
import type { Client, Credential } from "./entity/client.ts";
import type { Issuer } from "./entity/issuer.ts";
import type { Cell, Plan, Revocation, Tenant } from "./entity/other.ts";
import type { Key } from "./key.ts";
import { Shards } from "./shards.ts";

/** One record's meaning: an entity as it is now, or that it is gone. */
export type Change = Put | { readonly kind: string; readonly id: string; readonly deleted: true };

/** An entity as it is now. */
export interface Put {
  readonly kind: string;
  readonly id: string;
  /** The entity without its id: its JSON text, or an object that was read from one by the rule (contract §5). */
  readonly body: unknown;
  readonly needs?: unknown;
}

/** What could not be taken as it is: an unsupported entity, an unknown kind, a contradiction. */
export interface Report {
  readonly kind: string;
  readonly id: string;
  readonly message: string;
}

/** Everything that a policy holds. Only this package reads it. */
export interface Contents {
  readonly apis: Shards<Api>;
  readonly clients: Shards<Client>;
  readonly issuers: Shards<Issuer>;
  readonly plans: Shards<Plan>;
  readonly tenants: Shards<Tenant>;
  readonly cells: Shards<Cell>;
  readonly revocations: Shards<Revocation>;
  /** By host pattern and base path, one text behind the other; under `ALL_HOSTS` whatever the host. */
  readonly apisByPlace: Claimants<Api>;
  /** By host pattern: how many claims there are of base paths with 0, 1, … segments. */
  readonly depths: Shards<readonly number[]>;
  readonly issuersByIss: Claimants<Issuer>;
  readonly credentialsById: Claimants<Credential>;
  /** By issuer id, `/`, and client claim. */
  readonly credentialsByToken: Claimants<Credential>;
  readonly credentialsBySpki: Claimants<Credential>;
  readonly credentialsBySan: Claimants<Credential>;
  readonly revocationsByTarget: Claimants<Revocation>;
  /** Keys that a gateway fetched, by issuer id. */
  readonly fetched: ReadonlyMap<string, readonly Key[]>;
}

/** The place of an API on every host together: no host pattern has a star. */
export const ALL_HOSTS = "*";

/** Of a policy that allows nothing. */
export function emptyContents(): Contents {
  const byOwner = (): Claimants<Credential> => new Claimants((credential) => credential.client.id);
  return {
    apis: Shards.empty(),
    clients: Shards.empty(),
    issuers: Shards.empty(),
    plans: Shards.empty(),
    tenants: Shards.empty(),
    cells: Shards.empty(),
    revocations: Shards.empty(),
    apisByPlace: new Claimants((api) => api.id),
    depths: Shards.empty(),
    issuersByIss: new Claimants((issuer) => issuer.id),
    credentialsById: byOwner(),
    credentialsByToken: byOwner(),
    credentialsBySpki: byOwner(),
    credentialsBySan: byOwner(),
    revocationsByTarget: new Claimants((revocation) => revocation.id),
    fetched: new Map(),
  };
}
