/**
 * Path patterns: literal segments, `{param}` segments, and at most one `/**` at the end.
 *
 * Only canonical text can be a literal: a pattern that no canonical path fits would be a rule that silently never holds.
 */

import { parsePath, segmentsOf } from "./canonical.ts";

/** Bytes of a pattern. */
const PATTERN_BYTES_MAX = 8_192;

/** What one segment of a pattern asks for. */
export type Segment =
  | { readonly kind: "literal"; readonly text: string }
  /** Any one segment that is not empty. */
  | { readonly kind: "param" }
  /** Nothing, a slash, or everything below. */
  | { readonly kind: "rest" };

/** The segments of a pattern, at least one; `undefined` where the text is no pattern. */
export function parsePattern(text: string): readonly Segment[] | undefined {
  if (text.length > PATTERN_BYTES_MAX || !text.startsWith("/")) return undefined;
  const parts = segmentsOf(text);
  const names = new Set<string>();
  const segments: Segment[] = [];
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const segment = parseSegment(part, isLast);
    if (segment === undefined) return undefined;
    if (segment.kind === "param") {
      if (names.has(part)) return undefined;
      names.add(part);
    }
    segments.push(segment);
  }
  return segments;
}

/** Whether every path that fits is `basePath` or below it. */
export function isBelow(pattern: readonly Segment[], basePath: string): boolean {
  if (basePath === "/") return true;
  return segmentsOf(basePath).every((literal, index) => {
    const segment = pattern[index];
    return segment?.kind === "literal" && segment.text === literal;
  });
}

function parseSegment(part: string, isLast: boolean): Segment | undefined {
  if (part === "**") return isLast ? { kind: "rest" } : undefined;
  if (/^\{[A-Za-z_][A-Za-z0-9_-]*\}$/.test(part)) return { kind: "param" };
  if (part === "") return isLast ? { kind: "literal", text: part } : undefined;
  // A star or a brace within a literal is a mistake, whatever else a path may hold.
  if (/[*{}]/.test(part) || (!isLast && part.endsWith("%2F"))) return undefined;
  return parsePath(`/${part}`) === `/${part}` ? { kind: "literal", text: part } : undefined;
}
