/** The kinds of entities, by the words that records and files use. */

/** A kind of entity. */
export type Kind = "issuer" | "api" | "client" | "plan" | "revocation" | "tenant" | "cell";

/** Each kind with its top-level key in a policy document, in that document's order. */
export const SECTIONS: ReadonlyMap<string, Kind> = new Map([
  ["issuers", "issuer"],
  ["apis", "api"],
  ["clients", "client"],
  ["plans", "plan"],
  ["revocations", "revocation"],
  ["tenants", "tenant"],
  ["cells", "cell"],
]);

const KINDS: ReadonlySet<string> = new Set(SECTIONS.values());

/** Whether this reader knows the word. */
export function isKind(word: string): word is Kind {
  return KINDS.has(word);
}
