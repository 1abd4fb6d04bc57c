/**
 * From a path to the most specific pattern that fits: literal before `{param}` before the end before `/**`.
 *
 * A tree of segments; a path visits each node at most once. Must not know what its values are.
 */

import { segmentsOf } from "./canonical.ts";
import type { Segment } from "./pattern.ts";

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  param?: Node<T>;
  end?: T;
  rest?: T;
}

/** Patterns, each shape with one value. */
export class PatternTable<T> {
  readonly #root: Node<T> = newNode();

  /** The value of this shape (whatever its parameters are called), made by `make` where it has none. */
  entry(pattern: readonly Segment[], make: () => T): T {
    let node = this.#root;
    for (const segment of pattern) {
      if (segment.kind === "rest") {
        node.rest ??= make();
        return node.rest;
      }
      node = segment.kind === "param" ? paramOf(node) : literalOf(node, segment.text);
    }
    node.end ??= make();
    return node.end;
  }

  /** The value of the most specific pattern that a canonical path fits. */
  find(path: string): T | undefined {
    return search(this.#root, segmentsOf(path), 0);
  }
}

/** Depth is bounded by that of the patterns, not by the path's. */
function search<T>(node: Node<T>, path: readonly string[], depth: number): T | undefined {
  const segment = path[depth];
  if (segment !== undefined) {
    const literal = node.literals.get(segment);
    const byLiteral = literal && search(literal, path, depth + 1);
    if (byLiteral !== undefined) return byLiteral;
    const byParam = segment !== "" && node.param ? search(node.param, path, depth + 1) : undefined;
    if (byParam !== undefined) return byParam;
  } else if (node.end !== undefined) {
    return node.end;
  }
  return node.rest;
}

function newNode<T>(): Node<T> {
  return { literals: new Map() };
}

function paramOf<T>(node: Node<T>): Node<T> {
  node.param ??= newNode();
  return node.param;
}

function literalOf<T>(node: Node<T>, text: string): Node<T> {
  let child = node.literals.get(text);
  if (child === undefined) {
    child = newNode();
    node.literals.set(text, child);
  }
  return child;
}
