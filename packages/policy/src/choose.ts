/**
 * Which API answers, and which of its operations: by where a request goes, before anything that it shows.
 *
 * The first tier of hosts in which a base path fits, and in it the longest; a request never falls through to a shorter one.
 */

import { ALL_HOSTS } from "./contents.ts";
import { type Api, DEFAULT_ACCEPTS, DEFAULT_KEY_HEADER, EVERY_HOST, type Operation } from "./entity/api.ts";
import type { Facts } from "./facts.ts";
import { nextTier } from "./path/host.ts";
import type { Policy } from "./policy.ts";

/** What a request is for. */
export interface Chosen {
  /** `undefined`: no API fits, and a nameless one judges that accepts the default credentials. */
  readonly api: Api | undefined;
  readonly accepts: Api["accepts"];
  /** In lower case. */
  readonly keyHeader: string;
  /** `undefined`: the API has none that fits, or may have none here. */
  readonly operation: Operation | undefined;
}

/** Chooses by host (or the APIs that an authorizer fronts), path and method. */
export function choose(policy: Policy, facts: Facts): Chosen {
  const api = facts.apis === undefined ? byHost(policy, facts) : amongListed(policy, facts.path, facts.apis);
  if (api === undefined) {
    return { api, accepts: DEFAULT_ACCEPTS, keyHeader: DEFAULT_KEY_HEADER, operation: undefined };
  }
  const isFronted = facts.apis === undefined || facts.apis.includes(api.id);
  const operation = isFronted ? api.operations.find(facts.path, facts.method) : undefined;
  return { api, accepts: api.accepts, keyHeader: api.keyHeader, operation };
}

function byHost(policy: Policy, { host, path }: Facts): Api | undefined {
  if (host === undefined) return undefined;
  for (let tier: string | undefined = host; tier !== undefined; tier = nextTier(tier)) {
    const [lowest] = longest(policy, tier, path);
    if (lowest !== undefined) return lowest;
  }
  return longest(policy, EVERY_HOST, path)[0];
}

/** One that is not listed is chosen nevertheless: its shorter neighbour must not answer for it. */
function amongListed(policy: Policy, path: string, apis: readonly string[]): Api | undefined {
  const candidates = longest(policy, ALL_HOSTS, path);
  return candidates.find((api) => apis.includes(api.id)) ?? candidates[0];
}

const NONE: readonly Api[] = [];

/** The APIs of the longest base path under one host pattern, the lowest id first. */
function longest(policy: Policy, hostPattern: string, path: string): readonly Api[] {
  const depths = policy.contents.depths.get(hostPattern);
  if (depths === undefined) return NONE;
  const ends = segmentEnds(path, depths.length - 1);
  for (let depth = ends.length - 1; depth >= 0; depth--) {
    if (!depths[depth]) continue;
    const basePath = depth === 0 ? "/" : path.slice(0, ends[depth]);
    const apis = policy.contents.apisByPlace.all(hostPattern + basePath);
    if (apis.length > 0) return apis;
  }
  return [];
}

/** Where the first segments of a path end, `max` at most; the element at 0 is for no segment. */
function segmentEnds(path: string, max: number): number[] {
  const ends = [0];
  let end = 0;
  while (ends.length <= max && end < path.length) {
    const slash = path.indexOf("/", end + 1);
    end = slash < 0 ? path.length : slash;
    ends.push(end);
  }
  return ends;
}
