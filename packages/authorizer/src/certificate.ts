/**
 * The facts that policy needs of a client certificate, from the PEM that API Gateway puts into its events.
 *
 * API Gateway has checked the certificate; nothing here judges it. Three facts are read by one short walk over its DER
 * (X.690, RFC 5280 §4.1), the same in both languages: libraries for the whole of X.509 differ in what they let through,
 * and a difference would be one of decisions. What does not fit is no certificate.
 */

import { createHash } from "node:crypto";
import type { Certificate } from "@switchboard/policy";

const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Names of a certificate that are read, at most; more than any real one has. */
const NAMES_COUNT_MAX = 256;

const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
/** `[0]`, the version. */
const VERSION = 0xa0;
/** `[3]`, the extensions. */
const EXTENSIONS = 0xa3;
/** `[2]`, a dNSName. */
const DNS_NAME = 0x82;
/** `[6]`, a uniformResourceIdentifier. */
const URI = 0x86;
/** 2.5.29.17. */
const SUBJECT_ALT_NAME = Buffer.from([0x55, 0x1d, 0x11]);

/** The facts of the first certificate in this PEM (RFC 7468 §5); `undefined` where there is none that can be read. */
export function readCertificate(pem: string): Certificate | undefined {
  const begin = pem.indexOf(BEGIN);
  if (begin < 0) return undefined;
  const behind = pem.slice(begin + BEGIN.length);
  const end = behind.indexOf(END);
  if (end < 0) return undefined;
  const der = decoded(behind.slice(0, end).replace(/[ \t\r\n]/g, ""));
  if (der === undefined) return undefined;
  try {
    const { spki, names } = readParts(der);
    return {
      spki_sha256: createHash("sha256").update(spki).digest("hex"),
      x5t_s256: createHash("sha256").update(der).digest("base64url"),
      sans: names,
    };
  } catch (error) {
    if (error instanceof NotDer) return undefined;
    throw error;
  }
}

/** Strict base64 (RFC 4648 §4): padding where it has to be, unused bits zero. */
function decoded(base64: string): Buffer | undefined {
  if (!BASE64.test(base64)) return undefined;
  const bytes = Buffer.from(base64, "base64");
  return bytes.toString("base64") === base64 ? bytes : undefined;
}

function readParts(der: Buffer): { spki: Buffer; names: string[] } {
  const outer = new Der(der);
  const certificate = new Der(outer.take(SEQUENCE).inside);
  if (!outer.isEmpty()) throw new NotDer();
  const tbs = new Der(certificate.take(SEQUENCE).inside);
  if (tbs.nextIs(VERSION)) tbs.next();
  // Serial number, signature algorithm, issuer, validity, subject.
  for (let skipped = 0; skipped < 5; skipped++) tbs.next();
  const spki = tbs.take(SEQUENCE).whole;
  const names: string[] = [];
  while (!tbs.isEmpty()) {
    const element = tbs.next();
    if (element.tag !== EXTENSIONS) continue;
    const extensions = new Der(new Der(element.inside).take(SEQUENCE).inside);
    while (!extensions.isEmpty()) readNames(extensions.take(SEQUENCE).inside, names);
  }
  return { spki, names };
}

/** Adds the names of an extension, where it is the one that has them. */
function readNames(inside: Buffer, names: string[]): void {
  const extension = new Der(inside);
  if (!extension.take(OBJECT_IDENTIFIER).inside.equals(SUBJECT_ALT_NAME)) return;
  // `critical` may stand between.
  if (!extension.nextIs(OCTET_STRING)) extension.next();
  const all = new Der(new Der(extension.take(OCTET_STRING).inside).take(SEQUENCE).inside);
  while (!all.isEmpty()) {
    const name = all.next();
    if (name.tag !== DNS_NAME && name.tag !== URI) continue;
    const text = name.inside.toString("latin1");
    if (!/^[!-~]*$/.test(text)) continue;
    if (names.length === NAMES_COUNT_MAX) throw new NotDer();
    names.push(text);
  }
}

class NotDer extends Error {}

interface Element {
  readonly tag: number;
  readonly inside: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
}

/** DER that is not read yet. */
class Der {
  #rest: Buffer;

  constructor(bytes: Buffer) {
    this.#rest = bytes;
  }

  isEmpty(): boolean {
    return this.#rest.length === 0;
  }

  nextIs(tag: number): boolean {
    return this.#rest[0] === tag;
  }

  take(tag: number): Element {
    const element = this.next();
    if (element.tag !== tag) throw new NotDer();
    return element;
  }

  /** The next element: a tag of one byte, a length of at most four. */
  next(): Element {
    const rest = this.#rest;
    const [tag, first] = rest;
    if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new NotDer();
    let begin = 2;
    let length = first;
    if (first >= 0x80) {
      const digits = first & 0x7f;
      if (digits < 1 || digits > 4 || rest.length < 2 + digits) throw new NotDer();
      length = rest.readUIntBE(2, digits);
      begin += digits;
    }
    const end = begin + length;
    if (end > rest.length) throw new NotDer();
    this.#rest = rest.subarray(end);
    return { tag, inside: rest.subarray(begin, end), whole: rest.subarray(0, end) };
  }
}
