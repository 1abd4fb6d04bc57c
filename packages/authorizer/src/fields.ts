/**
 * The header fields of an event, which has them up to twice: one value each in `headers`, all of them in
 * `multiValueHeaders`. Where the two tell different stories, neither is believed; and some names are not to be there.
 */

import { type Members, textOf } from "./json.ts";
import { asciiLower, type Case, faultOf } from "./names.ts";

/** Every value of every field by its name in lower case, in the order of the event. */
export type Fields = ReadonlyMap<string, readonly string[]>;

/** What an event cannot have header fields for. */
export class FieldsFault extends Error {
  readonly fault: "headers_disagree" | "identity_field" | "method_override";

  constructor(fault: FieldsFault["fault"]) {
    super();
    this.fault = fault;
  }
}

/** The fields of an event that has the usual two maps, either of which may be null or missing. */
export function readFields(event: Members, spelled: Case): Fields {
  const maps = [event.object("headers"), event.object("multiValueHeaders")];
  const [single, multiple] = maps.map(read);
  if (single !== undefined && multiple !== undefined && !confirms(multiple, single)) {
    throw new FieldsFault("headers_disagree");
  }
  // As they were sent, also those without a value.
  const fault = faultOf(
    maps.flatMap((map) => [...(map?.names() ?? [])]),
    spelled,
  );
  if (fault !== undefined) throw new FieldsFault(fault);
  return multiple ?? single ?? new Map();
}

/** One field alone, of an event that carries no other. */
export function oneField(name: string, value: string): Fields {
  return new Map([[name, [trimmed(value)]]]);
}

/** Pairs of name and value. */
export function pairsOf(fields: Fields): [string, string][] {
  return [...fields].flatMap(([name, values]) => values.map((value): [string, string] => [name, value]));
}

function read(map: Members | undefined): Fields | undefined {
  if (map === undefined) return undefined;
  const fields = new Map<string, string[]>();
  for (const [name, value] of map.entries()) {
    for (const text of valuesOf(value)) {
      const lower = asciiLower(name);
      const values = fields.get(lower);
      if (values === undefined) fields.set(lower, [trimmed(text)]);
      else values.push(trimmed(text));
    }
  }
  return fields;
}

/** Text, an array of texts, or nothing. */
function valuesOf(value: unknown): string[] {
  if (value === null) return [];
  return Array.isArray(value) ? value.map(textOf) : [textOf(value)];
}

/** Whether these are the same fields, and each single value is one of these values or all of them in one line. */
function confirms(multiple: Fields, single: Fields): boolean {
  if (multiple.size !== single.size) return false;
  for (const [name, said] of single) {
    const own = multiple.get(name);
    if (own === undefined) return false;
    const known = new Set(own).add(own.join(","));
    if (!said.every((value) => known.has(value))) return false;
  }
  return true;
}

/** Without the white space that RFC 9110 §5.5 excludes from a value. */
function trimmed(value: string): string {
  let begin = 0;
  let end = value.length;
  while (begin < end && isBlank(value.charCodeAt(begin))) begin++;
  while (begin < end && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(begin, end);
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x09;
}
