/**
 * Which operation a request takes: the path is chosen first, by the most specific pattern, then the method.
 *
 * A pattern that fits under other methods ends the search: nothing falls through to a wider one.
 */

import { ALL_METHODS, isMethod } from "../method.ts";
import { PatternTable } from "../path/table.ts";
import type { Operation } from "./api.ts";

/** The operations of one API. */
export class OperationTable {
  /** Those that a request can take, public ones among them, in the order written. */
  readonly all: readonly Operation[];
  readonly #shapes = new PatternTable<Map<string, Operation>>();

  /** In the order written: of two with one shape and a method in common, the first has that method. */
  constructor(operations: readonly Operation[]) {
    this.all = operations.filter((operation) => {
      const byMethod = this.#shapes.entry(operation.pattern, () => new Map());
      const methods = operation.method === "ANY" ? ALL_METHODS : [operation.method];
      const free = methods.filter((method) => !byMethod.has(method));
      for (const method of free) byMethod.set(method, operation);
      return free.length > 0;
    });
  }

  /** The operation of a canonical path and a method; GET covers HEAD where nothing is written for HEAD. */
  find(path: string, method: string): Operation | undefined {
    if (!isMethod(method)) return undefined;
    const methods = this.#shapes.find(path);
    return methods?.get(method) ?? (method === "HEAD" ? methods?.get("GET") : undefined);
  }
}
