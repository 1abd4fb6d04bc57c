/**
 * An answer that API Gateway keeps: it is applied to every method and path of the stage, so it has to say what the
 * decision would be for each of them, in resources and wildcards.
 *
 * The wildcard `*` of a policy crosses `/`. So a granted pattern is named twice (`GET/orders`, `GET/orders/*`), what
 * is nested in it and not granted is denied by name, and all that is not named is denied explicitly: where a resource
 * policy allows, silence would let in.
 */

/** The methods that API Gateway carries, in the order of their names. */
const METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"] as const;

/**
 * What a wildcard would let in although no path that means it is canonical: escapes (which of them are spelled as they
 * must be, no wildcard can say), backslashes, empty segments, dot segments, and what comes before a `;`.
 */
export const NEVER = [
  "*%*",
  "*\\*",
  "*//*",
  "*/.",
  "*/./*",
  "*/.;*",
  "*/..",
  "*/../*",
  "*/..;*",
  "*/;*",
] as const;

/** What is granted and what has to be denied by name, as resources of a stage (`GET/orders/*`), each sorted. */
export interface Cached {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** Whether a wildcard is among what is granted. */
  readonly wildcard: boolean;
}

/** What a pattern covers of the paths that API Gateway has, without the prefix that it took away. */
interface Covered {
  /** One path. */
  exact?: string | undefined;
  /** Every path that begins so. */
  readonly below?: string;
  /** A path, as policy sees it, that only this pattern fits best. */
  readonly sample?: string | undefined;
}

/** `patterns`: of the API, each once. `nested`: base paths of other APIs in it. `permits`: the decision. */
export function cachedOf(
  patterns: readonly string[],
  nested: readonly string[],
  prefix: string | undefined,
  permits: (path: string, method: string) => boolean,
): Cached {
  const covered = coveredBy(patterns, nested, prefix ?? "");
  const allow: string[] = [];
  const deny = new Set<string>();
  let wildcard = false;
  for (const method of METHODS) {
    const granted = covered.filter(({ sample }) => sample !== undefined && permits(sample, method));
    const open = granted.map(({ below }) => below).filter((below) => below !== undefined);
    wildcard ||= open.length > 0;
    for (const { exact, below } of granted) {
      if (exact !== undefined) allow.push(method + exact);
      if (below !== undefined) allow.push(`${method}${below}*`);
    }
    const isInside = (path: string): boolean => open.some((front) => path.startsWith(front));
    for (const each of covered) {
      if (granted.includes(each)) continue;
      const { exact, below } = each;
      if (exact !== undefined && isInside(exact)) deny.add(method + exact);
      if (below !== undefined && isInside(below)) deny.add(`${method}${below}*`);
    }
  }
  return { allow: allow.sort(), deny: [...deny].sort(), wildcard };
}

/** What each pattern covers; what no request can reach behind the prefix is left out. */
function coveredBy(patterns: readonly string[], nested: readonly string[], prefix: string): Covered[] {
  const fresh = freshSegment([...patterns, ...nested]);
  const all: Covered[] = [];
  let isWhole = false;
  for (const pattern of patterns) {
    if (!pattern.endsWith("/**")) {
      all.push(...literal(pattern, prefix));
      continue;
    }
    const base = pattern.slice(0, -3);
    // Of several that cover all that is behind the prefix only the most specific is ever met: by any sample.
    if (prefix === base || prefix.startsWith(`${base}/`)) isWhole = true;
    else all.push(...rest(base, prefix, fresh));
  }
  if (isWhole) all.push({ below: "/", sample: `${prefix}/${fresh}` });
  // The one path of a pattern's own that another pattern names is decided by that one.
  const named = new Set(all.filter(({ below }) => below === undefined).map(({ exact }) => exact));
  for (const each of all) {
    if (each.below !== undefined && named.has(each.exact)) each.exact = undefined;
  }
  return [...all, ...nested.flatMap((base) => rest(base, prefix, undefined))];
}

/** A segment that stands in none of these. */
function freshSegment(texts: readonly string[]): string {
  let fresh = "~";
  while (texts.some((text) => text.includes(fresh))) fresh += "~";
  return fresh;
}

/** One path. What API Gateway took away leaves `/`, so behind a prefix no request has the prefix and a slash alone. */
function literal(path: string, prefix: string): Covered[] {
  if (!path.startsWith(prefix)) return [];
  const behind = path.slice(prefix.length);
  if (behind === "/" && prefix !== "") return [];
  const exact = behind === "" ? "/" : behind;
  return exact.startsWith("/") ? [{ exact, sample: path }] : [];
}

/** Everything at a path and below it. Without a segment for a sample, nothing of it is ever granted. */
function rest(base: string, prefix: string, fresh: string | undefined): Covered[] {
  if (!base.startsWith(`${prefix}/`)) return [];
  const behind = base.slice(prefix.length);
  const sample = fresh === undefined ? undefined : `${base}/${fresh}`;
  return [{ exact: behind, below: `${behind}/`, sample }];
}
