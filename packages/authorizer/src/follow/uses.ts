/**
 * Which credentials let requests in, until the portal was told: each with the minute of its last use. The twin of the Rust
 * `follow/uses.rs`.
 *
 * Of this process alone, which may be frozen for good at any time: what was not told by then nobody knows.
 */

/** Credentials that are remembered until the portal was told: what one report may say. */
const USES_MAX = 500;

/** A credential's id, and the beginning of a minute in Unix seconds. */
export type Use = readonly [credential: string, at: number];

/** What is to be told. */
export class Uses {
  readonly #all = new Map<string, number>();

  /** Notes a use. One for which there is no room is noted when it comes again. */
  note(credential: string, unixS: number): void {
    const at = unixS - (unixS % 60);
    const known = this.#all.get(credential);
    if (known === undefined && this.#all.size >= USES_MAX) return;
    this.#all.set(credential, Math.max(at, known ?? at));
  }

  /** What a report says. */
  all(): Use[] {
    return [...this.#all];
  }

  /** A report with these was taken: only what was used later is still to be told. */
  told(told: readonly Use[]): void {
    for (const [credential, at] of told) {
      const used = this.#all.get(credential);
      if (used !== undefined && used <= at) this.#all.delete(credential);
    }
  }
}
