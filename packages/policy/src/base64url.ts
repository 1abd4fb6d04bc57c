/**
 * Base64url without padding, by the letter: `Buffer` alone takes the other alphabet, padding, blanks and stray bits.
 */

/** The bytes, or `undefined` where the text is not the one spelling of any (RFC 4648 §5, unused bits zero). */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  // Only one spelling comes back unchanged.
  return bytes.toString("base64url") === text ? bytes : undefined;
}
