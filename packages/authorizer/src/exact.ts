/**
 * Whether an answer that is kept can say exactly what the operations of an API do. The twin of the Rust `policy::cached`,
 * which `policy build --for-cached-authorizer` asks too.
 *
 * Such an answer is a list of ARNs, and a `*` in one crosses slashes. So a parameter cannot be said, and below a wildcard
 * only one more level can: what is permitted inside of what is denied inside of what is permitted has no spelling.
 */

/** Patterns of an API that one answer can name: its 8,192 bytes have no place for more. */
const PATTERNS_COUNT_MAX = 128;

/** An operation that no list of ARNs can say. */
export interface Inexact {
  /** As written. */
  readonly operation: string;
  readonly why: string;
}

/** The first such operation. `operations`: of the API, as written; `basePaths`: of all APIs. */
export function findInexact(
  operations: readonly string[],
  basePaths: readonly string[],
): Inexact | undefined {
  const stems = operations.map(patternOf).filter(isWildcard).map(stemOf);
  const permitting = new Set(stems);
  const dividing = new Set([...stems, ...basePaths.map((path) => (path === "/" ? "" : path))]);
  const named = new Set<string>();
  for (const operation of operations) {
    const pattern = patternOf(operation);
    named.add(pattern);
    const why = unsayable(pattern) ?? tooDeep(pattern, permitting, dividing) ?? tooMany(named.size);
    if (why !== undefined) return { operation, why };
  }
  return undefined;
}

function patternOf(operation: string): string {
  return operation.slice(operation.indexOf(" ") + 1);
}

function isWildcard(pattern: string): boolean {
  return pattern.endsWith("/**");
}

function stemOf(pattern: string): string {
  return isWildcard(pattern) ? pattern.slice(0, -3) : pattern;
}

/** What no ARN can say, wherever it stands. */
function unsayable(pattern: string): string | undefined {
  for (const segment of stemOf(pattern).split("/")) {
    if (segment.startsWith("{"))
      return `\`${segment}\` is one segment, and a \`*\` in an ARN crosses slashes`;
    if (segment.includes("$")) return "`$` has a meaning of its own in an ARN";
    if (segment.includes("%")) return "`%` begins an escape, and a cached answer denies them";
  }
  return undefined;
}

/** A wildcard that divides what another one permits, and this pattern inside of both. */
function tooDeep(
  pattern: string,
  permitting: ReadonlySet<string>,
  dividing: ReadonlySet<string>,
): string | undefined {
  const path = stemOf(pattern);
  const above = [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));
  // A wildcard is not inside of itself; a single path is inside of the wildcard at it.
  if (!isWildcard(pattern) && !path.endsWith("/")) above.push(path);
  let outer: string | undefined;
  for (const stem of above) {
    if (outer === undefined) {
      if (permitting.has(stem)) outer = stem;
    } else if (dividing.has(stem)) {
      return `it lies inside of \`${stem}/**\`, and that inside of \`${outer}/**\`: two levels below a wildcard`;
    }
  }
  return undefined;
}

function tooMany(patterns: number): string | undefined {
  return patterns > PATTERNS_COUNT_MAX
    ? `it is the ${patterns}th pattern, and an answer names at most ${PATTERNS_COUNT_MAX}`
    : undefined;
}
