/**
 * The compiled policy: every entity by its id, and by what a request shows of it.
 *
 * Immutable. `apply` copies what a change touches and shares the rest, so that one change of one client costs the same
 * among ten clients and a million, and whoever holds the former policy keeps it whole.
 */

import { type Change, type Contents, emptyContents, type Report } from "./contents.ts";
import type { Issuer } from "./entity/issuer.ts";
import { KEYS_MAX, type Key, readKeys } from "./key.ts";
import { parseRepeatingObject } from "./plain.ts";
import { PolicyEdit } from "./policy_edit.ts";

/** What is not a JWK Set (RFC 7517 §5), or not of an issuer of the policy. */
export class KeySetError extends Error {
  override readonly name = "KeySetError";
}

/** Bytes of a set that was fetched. */
const SET_BYTES_MAX = 1_048_576;

/** A compiled policy. */
export class Policy {
  /** A policy that allows nothing. */
  static readonly EMPTY = new Policy(emptyContents());

  readonly contents: Contents;

  private constructor(contents: Contents) {
    this.contents = contents;
  }

  /** From all of its records. */
  static build(changes: Iterable<Change>): { policy: Policy; reports: Report[] } {
    return Policy.EMPTY.apply(changes);
  }

  /** The policy after these changes, in their order. */
  apply(changes: Iterable<Change>): { policy: Policy; reports: Report[] } {
    const edit = new PolicyEdit(this.contents);
    for (const change of changes) edit.take(change);
    return { policy: new Policy(edit.done()), reports: edit.reports() };
  }

  /** With the keys of a JWK Set that was fetched for an issuer, in place of those that were fetched before. */
  withFetchedKeys(issuerId: string, jwkSet: string): Policy {
    if (this.contents.issuers.get(issuerId) === undefined)
      throw new KeySetError("the policy has no such issuer");
    if (Buffer.byteLength(jwkSet) > SET_BYTES_MAX) throw new KeySetError("the JWK Set is larger than 1 MiB");
    const set = parseRepeatingObject(jwkSet);
    const keys = set?.isSound && Object.hasOwn(set.value, "keys") ? set.value["keys"] : undefined;
    if (!Array.isArray(keys)) throw new KeySetError("the answer is no JWK Set");
    if (keys.length > KEYS_MAX) throw new KeySetError(`the JWK Set has more than ${KEYS_MAX} keys`);
    // As with inline keys, what nothing may use is skipped, even where it is no object.
    const usable = readKeys(
      keys.filter((key) => typeof key === "object" && key !== null && !Array.isArray(key)),
    );
    const fetched = new Map(this.contents.fetched).set(issuerId, usable);
    return new Policy({ ...this.contents, fetched });
  }

  /** The keys of an issuer that may be used: fetched ones before inline ones, none twice. */
  keysOf(issuer: Issuer): readonly Key[] {
    const fetched = this.contents.fetched.get(issuer.id);
    if (fetched === undefined) return issuer.keys;
    return [...fetched, ...issuer.keys.filter((key) => !fetched.some((other) => isSameKey(key, other)))];
  }

  /** Whether any key set of the issuer was ever had. */
  hasKeySet(issuer: Issuer): boolean {
    return issuer.keys.length > 0 || this.contents.fetched.has(issuer.id);
  }

  /** How many entities of each kind there are. */
  counts(): Record<"apis" | "clients" | "issuers" | "plans" | "tenants" | "cells" | "revocations", number> {
    const { apis, clients, issuers, plans, tenants, cells, revocations } = this.contents;
    return {
      apis: apis.size,
      clients: clients.size,
      issuers: issuers.size,
      plans: plans.size,
      tenants: tenants.size,
      cells: cells.size,
      revocations: revocations.size,
    };
  }
}

function isSameKey(a: Key, b: Key): boolean {
  return (
    a.kid === b.kid &&
    a.material === b.material &&
    a.algorithms.size === b.algorithms.size &&
    [...a.algorithms].every((algorithm) => b.algorithms.has(algorithm))
  );
}
