/** Who calls: a registered application, compiled from its body. */

import { isSha256Hex } from "../form.ts";
import { SCOPES_MAX } from "./api.ts";
import {
  id as idText,
  list,
  name,
  needsNothing,
  type Read,
  Reading,
  scope,
  text,
  time,
  word,
} from "./reading.ts";

/** A registered application. Where it is unsupported its credentials name it, and it is refused. */
export interface Client {
  readonly id: string;
  readonly isUnsupported: boolean;
  readonly isSuspended: boolean;
  readonly tenant: string | undefined;
  readonly credentials: readonly Credential[];
  readonly grants: readonly Grant[];
}

/** What leads from something shown to its client. */
export type Proof =
  | { readonly type: "api_key"; readonly sha256: string }
  | { readonly type: "jwt"; readonly issuer: string; readonly claim: string }
  | { readonly type: "certificate"; readonly spki: string }
  | { readonly type: "certificate"; readonly san: string };

/** What a client may show. */
export interface Credential {
  readonly id: string;
  readonly client: Client;
  readonly proof: Proof;
  /** Unix seconds from which on it is refused. */
  readonly expiresAt: number | undefined;
}

/** What a client may do with an API. */
export interface Grant {
  readonly api: string;
  readonly scopes: readonly string[];
  readonly plan: string | undefined;
}

const CREDENTIALS_MAX = 64;
/** A record has 256 KiB, which bounds them too. */
const GRANTS_MAX = 10_000;

/** Whether something is in use. */
export const status: Read<"active" | "suspended"> = word("active", "suspended");
const sha256 = text(isSha256Hex);
const credentialType = word("api_key", "jwt", "certificate");
const grantScopes = list(scope, 0, SCOPES_MAX);

/** Reads a client. */
export function readClient(
  id: string,
  body: unknown,
  needs: unknown,
): { client: Client; faults: readonly string[] } {
  const reading = new Reading(body);
  reading.required("team", idText);
  const isSuspended = reading.optional("status", status) === "suspended";
  const tenant = reading.optional("tenant", idText);
  const readable: Omit<Credential, "client">[] = [];
  reading.optional("credentials", (value) => readCredentials(value, readable));
  const grants = reading.optional("grants", grantList) ?? [];
  if (!needsNothing(needs)) reading.fault("needs");

  const isUnsupported = reading.faults.length > 0;
  const client: { -readonly [M in keyof Client]: Client[M] } = {
    id,
    isUnsupported,
    isSuspended,
    tenant,
    credentials: [],
    grants: isUnsupported ? [] : firstOfEach(grants, (each) => each.api),
  };
  const distinct = firstOfEach(readable, (each) => each.id);
  client.credentials = distinct.map(({ id, proof, expiresAt }) => ({ id, client, proof, expiresAt }));
  return { client, faults: reading.faults };
}

/** Collects those that can be read, and says whether all could. */
function readCredentials(value: unknown, readable: Omit<Credential, "client">[]): true | undefined {
  if (!Array.isArray(value)) return undefined;
  for (const each of value) {
    const meaning = credential(each);
    if (meaning !== undefined) readable.push(meaning);
  }
  return readable.length === value.length && value.length <= CREDENTIALS_MAX ? true : undefined;
}

const credential: Read<Omit<Credential, "client">> = (value) => {
  const reading = new Reading(value);
  const id = reading.required("id", idText);
  const expiresAt = reading.optional("expires_at", time);
  const type = reading.required("type", credentialType);
  const proof = type === undefined ? undefined : readProof(type, reading);
  if (id === undefined || proof === undefined || reading.faults.length > 0) return undefined;
  return { id, proof, expiresAt };
};

function readProof(type: Proof["type"], reading: Reading): Proof | undefined {
  switch (type) {
    case "api_key": {
      const hash = reading.required("sha256", sha256);
      return hash === undefined ? undefined : { type, sha256: hash };
    }
    case "jwt": {
      const issuer = reading.required("issuer", idText);
      const claim = reading.required("client", name);
      return issuer === undefined || claim === undefined ? undefined : { type, issuer, claim };
    }
    case "certificate": {
      const spki = reading.optional("spki_sha256", sha256);
      const san = reading.optional("san", name);
      if (reading.has("spki_sha256") === reading.has("san")) return undefined;
      if (spki !== undefined) return { type, spki };
      return san === undefined ? undefined : { type, san };
    }
  }
}

const grant: Read<Grant> = (value) => {
  const reading = new Reading(value);
  const api = reading.required("api", idText);
  const scopes = reading.optional("scopes", grantScopes) ?? [];
  const plan = reading.optional("plan", idText);
  if (api === undefined || reading.faults.length > 0) return undefined;
  return { api, scopes: firstOfEach(scopes, (each) => each), plan };
};

const grantList = list(grant, 0, GRANTS_MAX);

/** Of two that should differ, the first. */
function firstOfEach<T>(items: readonly T[], by: (item: T) => string): readonly T[] {
  if (items.length < 2) return items;
  const seen = new Set<string>();
  return items.filter((item) => {
    const key = by(item);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}
