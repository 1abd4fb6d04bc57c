/** Why there are no settings; each sentence names the variable, its value, and what to write. */

/** What every variable of ours begins with. */
export const OURS = "SWITCHBOARD_";

/** Why there are no settings. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** A value that does not mean anything. */
export function bad(name: string, value: string, fault: string, write: string): SettingsError {
  return new SettingsError(`${OURS}${name} is \`${value}\`: ${fault}; ${write}`);
}
