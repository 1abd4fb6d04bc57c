/**
 * One policy becoming the next: takes records one by one, and keeps every index in step with the entities.
 *
 * An entity that is replaced first gives up all that it claimed, so that the order of changes leaves no trace.
 */

import type { ClaimantsEdit } from "./claimants.ts";
import { ALL_HOSTS, type Change, type Contents, type Put, type Report } from "./contents.ts";
import { type Api, readApi } from "./entity/api.ts";
import { type Client, type Credential, readClient } from "./entity/client.ts";
import { type Issuer, readIssuer } from "./entity/issuer.ts";
import { isKind, type Kind } from "./entity/kind.ts";
import { readCell, readPlan, readRevocation, readTenant } from "./entity/other.ts";
import { isId } from "./form.ts";
import { segmentsOf } from "./path/canonical.ts";
import { parseRepeatingObject } from "./plain.ts";

/** A policy under change. */
export class PolicyEdit {
  readonly #edits;
  readonly #fetched: Contents["fetched"];
  readonly #reports: Report[] = [];
  /** Places that were claimed in this edit, to be looked at when all changes are in. */
  readonly #contested: { kind: Kind; id: string; index: ClaimantsEdit<object>; key: string; item: object }[] =
    [];

  constructor(contents: Contents) {
    this.#fetched = contents.fetched;
    this.#edits = {
      apis: contents.apis.edit(),
      clients: contents.clients.edit(),
      issuers: contents.issuers.edit(),
      plans: contents.plans.edit(),
      tenants: contents.tenants.edit(),
      cells: contents.cells.edit(),
      revocations: contents.revocations.edit(),
      apisByPlace: contents.apisByPlace.edit(),
      depths: contents.depths.edit(),
      issuersByIss: contents.issuersByIss.edit(),
      credentialsById: contents.credentialsById.edit(),
      credentialsByToken: contents.credentialsByToken.edit(),
      credentialsBySpki: contents.credentialsBySpki.edit(),
      credentialsBySan: contents.credentialsBySan.edit(),
      revocationsByTarget: contents.revocationsByTarget.edit(),
    };
  }

  /** Takes one change. */
  take(change: Change): void {
    const { kind, id } = change;
    if (!isKind(kind)) {
      if (!("deleted" in change)) this.#report(kind, id, "this kind is not known here and is ignored");
      return;
    }
    if (!isId(id)) {
      this.#report(kind, id, "the id is none: the entity is ignored");
      return;
    }
    const isGone = "deleted" in change;
    const put = isGone ? undefined : readBody(change);
    const faults = this.#put(kind, id, put, put?.needs);
    if (faults.length > 0) this.#report(kind, id, `unsupported: ${faults.join(", ")}`);
  }

  /** The changed contents. The edit must not be used afterwards. */
  done(): Contents {
    for (const { kind, id, index, key, item } of this.#contested) {
      const holder = index.first(key);
      if (holder !== item)
        this.#report(kind, id, `another has a lower id and the same ${JSON.stringify(key)}`);
    }
    const edits = this.#edits;
    return {
      apis: edits.apis.done(),
      clients: edits.clients.done(),
      issuers: edits.issuers.done(),
      plans: edits.plans.done(),
      tenants: edits.tenants.done(),
      cells: edits.cells.done(),
      revocations: edits.revocations.done(),
      apisByPlace: edits.apisByPlace.done(),
      depths: edits.depths.done(),
      issuersByIss: edits.issuersByIss.done(),
      credentialsById: edits.credentialsById.done(),
      credentialsByToken: edits.credentialsByToken.done(),
      credentialsBySpki: edits.credentialsBySpki.done(),
      credentialsBySan: edits.credentialsBySan.done(),
      revocationsByTarget: edits.revocationsByTarget.done(),
      fetched: this.#fetched,
    };
  }

  /** What could not be taken as it is; complete when the edit is `done`. */
  reports(): Report[] {
    return this.#reports;
  }

  #report(kind: string, id: string, message: string): void {
    this.#reports.push({ kind, id, message });
  }

  /** `put`: the new body; without one the entity is gone. */
  #put(
    kind: Kind,
    id: string,
    put: { readonly body: unknown } | undefined,
    needs: unknown,
  ): readonly string[] {
    const edits = this.#edits;
    switch (kind) {
      case "api": {
        const read = put && readApi(id, put.body, needs);
        this.#putApi(id, read?.api);
        return read?.faults ?? [];
      }
      case "client": {
        const read = put && readClient(id, put.body, needs);
        this.#putClient(id, read?.client);
        return read?.faults ?? [];
      }
      case "issuer": {
        const read = put && readIssuer(id, put.body, needs);
        this.#putIssuer(id, read?.issuer);
        return read?.faults ?? [];
      }
      case "revocation":
        return this.#putRevocation(id, put, needs);
      case "plan": {
        const read = put && readPlan(id, put.body, needs);
        edits.plans.set(id, read?.plan);
        return read?.faults ?? [];
      }
      case "tenant": {
        const read = put && readTenant(id, put.body, needs);
        edits.tenants.set(id, read?.tenant);
        return read?.faults ?? [];
      }
      case "cell": {
        const read = put && readCell(id, put.body, needs);
        edits.cells.set(id, read?.cell);
        return read?.faults ?? [];
      }
    }
  }

  #putApi(id: string, api: Api | undefined): void {
    const { apis, apisByPlace } = this.#edits;
    const former = apis.get(id);
    for (const host of former ? [...former.hosts, ALL_HOSTS] : []) {
      apisByPlace.remove(host + former?.basePath, former as Api);
      this.#countDepth(host, former?.basePath ?? "/", -1);
    }
    for (const host of api ? [...api.hosts, ALL_HOSTS] : []) {
      this.#claim("api", id, apisByPlace, host + api?.basePath, api as Api, host !== ALL_HOSTS);
      this.#countDepth(host, api?.basePath ?? "/", 1);
    }
    apis.set(id, api);
  }

  #countDepth(host: string, basePath: string, by: 1 | -1): void {
    const depth = depthOf(basePath);
    const counts = [...(this.#edits.depths.get(host) ?? [])];
    while (counts.length <= depth) counts.push(0);
    counts[depth] = (counts[depth] ?? 0) + by;
    while (counts.length > 0 && counts.at(-1) === 0) counts.pop();
    this.#edits.depths.set(host, counts.length > 0 ? counts : undefined);
  }

  #putIssuer(id: string, issuer: Issuer | undefined): void {
    const { issuers, issuersByIss } = this.#edits;
    const former = issuers.get(id);
    if (former) issuersByIss.remove(former.iss, former);
    if (issuer) this.#claim("issuer", id, issuersByIss, issuer.iss, issuer, true);
    issuers.set(id, issuer);
  }

  #putClient(id: string, client: Client | undefined): void {
    const { clients, credentialsById } = this.#edits;
    for (const credential of clients.get(id)?.credentials ?? []) {
      credentialsById.remove(credential.id, credential);
      const place = this.#placeOf(credential);
      place?.index.remove(place.key, credential);
    }
    for (const credential of client?.credentials ?? []) {
      this.#claim("client", id, credentialsById, credential.id, credential, true);
      const place = this.#placeOf(credential);
      if (place) this.#claim("client", id, place.index, place.key, credential, true);
    }
    clients.set(id, client);
  }

  /** Where a credential is found besides by its id. */
  #placeOf({ proof }: Credential): { index: ClaimantsEdit<Credential>; key: string } | undefined {
    const { credentialsByToken, credentialsBySpki, credentialsBySan } = this.#edits;
    if (proof.type === "api_key") return undefined;
    if (proof.type === "jwt") return { index: credentialsByToken, key: `${proof.issuer}/${proof.claim}` };
    if ("spki" in proof) return { index: credentialsBySpki, key: proof.spki };
    return { index: credentialsBySan, key: proof.san };
  }

  #putRevocation(id: string, put: { readonly body: unknown } | undefined, needs: unknown): readonly string[] {
    const { revocations, revocationsByTarget } = this.#edits;
    const former = revocations.get(id);
    if (former) revocationsByTarget.remove(former.target, former);
    const read = put && readRevocation(id, put.body, needs);
    if (read?.revocation) revocationsByTarget.add(read.revocation.target, read.revocation);
    revocations.set(id, read?.revocation);
    return read?.faults ?? [];
  }

  #claim<T extends object>(
    kind: Kind,
    id: string,
    index: ClaimantsEdit<T>,
    key: string,
    item: T,
    isExclusive: boolean,
  ): void {
    const isTaken = index.first(key) !== undefined;
    index.add(key, item);
    // Who has it in the end is known only when all changes are in.
    if (isTaken && isExclusive) {
      this.#contested.push({ kind, id, index: index as unknown as ClaimantsEdit<object>, key, item });
    }
  }
}

/** A word that no reader knows: what is wrong with the text of a body is wrong with all of its members. */
const UNSOUND = ["a body that is one object by the rule"];

/** A body's members. Of one that breaks the rule only what is needed to recognise the entity means something. */
function readBody({ body, needs }: Put): { readonly body: unknown; readonly needs: unknown } {
  if (typeof body !== "string") return { body, needs };
  const read = parseRepeatingObject(body);
  return read?.isSound ? { body: read.value, needs } : { body: read?.value, needs: UNSOUND };
}

/** The number of segments of a base path; 0 for `/`. */
export function depthOf(basePath: string): number {
  return basePath === "/" ? 0 : segmentsOf(basePath).length;
}
