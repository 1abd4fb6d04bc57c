/** A policy as a person writes it, read as JSON: its sections become the changes that build it. */

import type { Change } from "./contents.ts";
import { SECTIONS } from "./entity/kind.ts";

/**
 * The entities of a document, tolerantly: any of them may have `needs` beside its own members.
 *
 * Problems are for `check` to tell; what is no list of entities with ids holds none.
 */
export function* changesOf(document: unknown): Generator<Change> {
  if (!isRecord(document)) return;
  for (const [section, entities] of Object.entries(document)) {
    // A section that is not known may hold what restricts: it is reported as a kind that is ignored.
    const kind = SECTIONS.get(section) ?? section;
    for (const entity of Array.isArray(entities) ? entities : []) {
      if (!isRecord(entity)) continue;
      const { id, needs, ...body } = entity;
      if (typeof id === "string") yield { kind, id, body, needs };
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
