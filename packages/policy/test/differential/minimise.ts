/** Makes a case that two programs decide differently as small as it can be, and writes it as a vector. */

import type { Recorded } from "../../tools/cases.ts";
import { makeToken, type TokenRecipe } from "../support/tokens.ts";
import type { Asked } from "./requests.ts";

/** A case of one request. */
export interface Pair {
  readonly policy: unknown;
  readonly change: readonly Recorded[];
  readonly request: Asked;
  /** How the token in its headers was made, where one is there. */
  readonly token?: TokenRecipe;
}

/** What stands for the token while the case shrinks. */
const PLACE = "{t}";

/** Rounds over all parts of a case. */
const ROUNDS_MAX = 8;

/** Whether the programs still differ on a case. */
export type Differs = (pair: Pair) => Promise<boolean>;

/** Drops members and items for as long as the difference remains. */
export async function minimise(pair: Pair, differs: Differs): Promise<Pair> {
  let smallest = pair;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const before = JSON.stringify(smallest);
    for (const path of partsOf(smallest)) {
      const smaller = isNeeded(path) ? undefined : without(smallest, path);
      if (smaller !== undefined && (await holds(smaller, differs))) smallest = smaller;
    }
    if (JSON.stringify(smallest) === before) break;
  }
  return smallest;
}

/** The case as a vector, without what is expected. */
export function asVector(
  { policy, change, request, token }: Pair,
  outcomes: Record<string, unknown>,
): string {
  const { now, fetched, ...rest } = request;
  const vector = {
    name: "found_by_the_differential_test",
    shows: "",
    policy,
    ...(change.length > 0 ? { change } : {}),
    ...(token && JSON.stringify(request).includes(PLACE) ? { tokens: { t: token } } : {}),
    ...(fetched ? { fetched } : {}),
    now,
    request: rest,
    ...outcomes,
  };
  return JSON.stringify(vector, undefined, 2);
}

/** The case with its token in place: as programs see it. */
export function filled({ request, token }: Pair): Asked {
  if (token === undefined) return request;
  const text = makeToken(token);
  const headers = (request.headers ?? []).map(
    ([name, value]) => [name, value.replace(PLACE, () => text)] as const,
  );
  return { ...request, headers };
}

/** The case with a place where its token was. */
export function withPlace(pair: Pair, token: { recipe: TokenRecipe; text: string }): Pair {
  const headers = (pair.request.headers ?? []).map(
    ([name, value]) => [name, value.replace(token.text, () => PLACE)] as const,
  );
  return { ...pair, request: { ...pair.request, headers }, token: token.recipe };
}

async function holds(pair: Pair, differs: Differs): Promise<boolean> {
  try {
    return await differs(pair);
  } catch {
    // A case that lost what every case has, such as its path, is none.
    return false;
  }
}

type Path = readonly (string | number)[];

/** What every case has, and what no part of one means without. */
function isNeeded(path: Path): boolean {
  const [part, second, third, fourth] = path;
  switch (part) {
    case "policy":
      return path.length === 1 || (path.length === 4 && fourth === "id");
    case "change":
      return path.length === 1 || (path.length === 3 && third !== "needs");
    case "request":
      if (path.length <= 2)
        return !["host", "certificate", "apis", "cell", "fetched"].includes(String(second));
      return second === "certificate" || (second === "headers" && path.length > 3);
    default:
      return path.length <= 2 && second !== "signature";
  }
}

/** Every member and item, the outer ones first, the last items first. */
function partsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [];
  const keys: (string | number)[] = Array.isArray(value) ? [...value.keys()].reverse() : Object.keys(value);
  const own = keys.map((key) => [...path, key]);
  const inner = keys.flatMap((key) =>
    partsOf((value as Record<string | number, unknown>)[key], [...path, key]),
  );
  return [...own, ...inner];
}

function without(pair: Pair, path: Path): Pair | undefined {
  const copy = structuredClone(pair);
  let place: Record<string | number, unknown> = copy as unknown as Record<string, unknown>;
  for (const key of path.slice(0, -1)) {
    const next = place[key];
    if (typeof next !== "object" || next === null) return undefined;
    place = next as Record<string | number, unknown>;
  }
  const last = path.at(-1);
  if (last === undefined || !Object.hasOwn(place, last)) return undefined;
  if (Array.isArray(place)) place.splice(Number(last), 1);
  else delete place[last];
  return copy;
}
