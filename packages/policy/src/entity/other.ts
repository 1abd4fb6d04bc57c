/** Plans, revocations, tenants and cells, compiled from their bodies. */

import { isSha256Hex } from "../form.ts";
import { status } from "./client.ts";
import { id as idText, name, needsNothing, Reading, text, time, whole } from "./reading.ts";

/** What a client buys. Its numbers are for whoever counts. */
export interface Plan {
  readonly id: string;
  readonly isUnsupported: boolean;
}

/** Whose data it is. */
export interface Tenant {
  readonly id: string;
  readonly isUnsupported: boolean;
  readonly isSuspended: boolean;
  readonly cell: string | undefined;
}

/** A deployment cell. */
export interface Cell {
  readonly id: string;
  readonly isUnsupported: boolean;
}

/** What holds no longer. */
export interface Revocation {
  readonly id: string;
  /** What it refuses: one key of the index of revocations. */
  readonly target: string;
  /** Only tokens that were issued before this second, or at no known time. */
  readonly issuedBefore: number | undefined;
  /** The second from which on it refuses nothing. */
  readonly until: number | undefined;
}

/** The key under which a revocation of each form is found. */
export const target = {
  credential: (id: string) => `credential/${id}`,
  token: (sha256: string) => `token/${sha256}`,
  jti: (issuer: string, jti: string) => `jti/${issuer}/${jti}`,
  key: (issuer: string, kid: string) => `kid/${issuer}/${kid}`,
  subject: (issuer: string, subject: string) => `subject/${issuer}/${subject}`,
  client: (issuer: string, client: string) => `client/${issuer}/${client}`,
};

const RATE = /^(?:[1-9][0-9]{0,8}|1000000000)\/[smh]$/;
const QUOTA = /^(?:[1-9][0-9]{0,14}|1000000000000000)\/(?:day|month)$/;
const BURST_MAX = 1_000_000_000;

type Faults = readonly string[];

/** Reads a plan. */
export function readPlan(id: string, body: unknown, needs: unknown): { plan: Plan; faults: Faults } {
  const reading = new Reading(body);
  reading.optional(
    "rate",
    text((value) => RATE.test(value)),
  );
  reading.optional("burst", whole(1, BURST_MAX));
  reading.optional(
    "quota",
    text((value) => QUOTA.test(value)),
  );
  if (!reading.has("rate") && !reading.has("quota")) reading.fault("rate or quota");
  const faults = withNeeds(reading, needs);
  return { plan: { id, isUnsupported: faults.length > 0 }, faults };
}

/** Reads a tenant. */
export function readTenant(id: string, body: unknown, needs: unknown): { tenant: Tenant; faults: Faults } {
  const reading = new Reading(body);
  const isSuspended = reading.optional("status", status) === "suspended";
  const cell = reading.optional("cell", idText);
  const faults = withNeeds(reading, needs);
  return { tenant: { id, isUnsupported: faults.length > 0, isSuspended, cell }, faults };
}

/** Reads a cell. */
export function readCell(id: string, body: unknown, needs: unknown): { cell: Cell; faults: Faults } {
  const faults = withNeeds(new Reading(body), needs);
  return { cell: { id, isUnsupported: faults.length > 0 }, faults };
}

/** Reads a revocation; without one where this reader cannot know what it refuses. */
export function readRevocation(
  id: string,
  body: unknown,
  needs: unknown,
): { revocation?: Revocation; faults: Faults } {
  const reading = new Reading(body);
  const found = {
    issuer: reading.optional("issuer", idText) ?? "",
    jti: reading.optional("jti", name) ?? "",
    token_sha256: reading.optional("token_sha256", text(isSha256Hex)) ?? "",
    credential: reading.optional("credential", idText) ?? "",
    kid: reading.optional("kid", name) ?? "",
    subject: reading.optional("subject", name) ?? "",
    client: reading.optional("client", name) ?? "",
  };
  const issuedBefore = reading.optional("issued_before", time);
  const until = reading.optional("until", time);
  const faults = withNeeds(reading, needs);
  const named = [...Object.keys(found), "issued_before"].filter((member) => reading.has(member));
  const refused = targetOf(named.join("+"), found);
  if (refused === undefined) return { faults: [...faults, "no known form"] };
  if (faults.length > 0) return { faults };
  return { revocation: { id, target: refused, issuedBefore, until }, faults };
}

interface Found {
  readonly issuer: string;
  readonly jti: string;
  readonly token_sha256: string;
  readonly credential: string;
  readonly kid: string;
  readonly subject: string;
  readonly client: string;
}

/** Exactly one of the forms of contract §2, by the members that are there. */
function targetOf(form: string, found: Found): string | undefined {
  switch (form) {
    case "issuer+jti":
      return target.jti(found.issuer, found.jti);
    case "token_sha256":
      return target.token(found.token_sha256);
    case "credential":
      return target.credential(found.credential);
    case "issuer+kid":
      return target.key(found.issuer, found.kid);
    case "issuer+subject+issued_before":
      return target.subject(found.issuer, found.subject);
    case "issuer+client+issued_before":
      return target.client(found.issuer, found.client);
    default:
      return undefined;
  }
}

function withNeeds(reading: Reading, needs: unknown): Faults {
  if (!needsNothing(needs)) reading.fault("needs");
  return reading.faults;
}
