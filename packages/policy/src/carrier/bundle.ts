/**
 * Where a bundle is looked for: a server, or a file. The commit first, then all of it, or the rest of it.
 *
 * A server has the commit as a resource of its own, beside the bundle. A file's commit is its last line.
 */

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { FLOOR_BYTES_MAX } from "../feed/held.ts";
import { RECORD_BYTES_MAX } from "../feed/record.ts";
import { codeOf, Failure } from "./failure.ts";
import { piecesOf, type Server, wholeOf } from "./server.ts";

/** What is read of a file at once. */
const PIECE_BYTES = 65_536;
const LF = 0x0a;

/** The rest of a bundle: from which byte on, and of which it is the rest. */
export interface Rest {
  readonly from: number;
  readonly tag: string;
}

/** A bundle under way. */
export interface Coming {
  /** It is the rest of what was asked for, and not all of it. */
  readonly isRest: boolean;
  /** What the server calls it. */
  readonly tag: string | undefined;
  readonly pieces: AsyncIterable<Buffer>;
}

/** Brings commits and bundles. */
export interface Carrier {
  /** The line of the newest commit. */
  commit(signal: AbortSignal): Promise<Buffer>;
  /** The bundle; from `rest` on, where the server still has what this is the rest of. */
  bundle(rest: Rest | undefined, signal: AbortSignal): Promise<Coming>;
}

/** A server's bundle, at a path that ends in `/bundle`. */
export class HttpCarrier implements Carrier {
  readonly #server: Server;
  readonly #path: string;

  constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  async commit(signal: AbortSignal): Promise<Buffer> {
    const beside = `${this.#path.slice(0, this.#path.lastIndexOf("/") + 1)}commit`;
    const answer = await this.#server.get(beside, {}, signal);
    if (answer.statusCode === 200) return wholeOf(answer, RECORD_BYTES_MAX + 1);
    answer.destroy();
    throw new Failure(`the answer is ${answer.statusCode}`);
  }

  async bundle(rest: Rest | undefined, signal: AbortSignal): Promise<Coming> {
    const fields: Record<string, string> =
      rest === undefined ? {} : { range: `bytes=${rest.from}-`, "if-range": rest.tag };
    const answer = await this.#server.get(this.#path, fields, signal);
    const { statusCode, headers } = answer;
    const isRest = statusCode === 206 && rest !== undefined && isRestOf(headers, rest);
    if (statusCode !== 200 && !isRest) {
      answer.destroy();
      // Object storage may know ranges and not If-Range: it has another one by now, and all of that is asked for.
      const isOther = rest !== undefined && (statusCode === 206 || statusCode === 416);
      if (isOther) return this.bundle(undefined, signal);
      throw new Failure(`the answer is ${statusCode}`);
    }
    return { isRest, tag: tagOf(headers), pieces: atMost(piecesOf(answer), isRest ? rest.from : 0) };
  }
}

/** A file. */
export class FileCarrier implements Carrier {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async commit(): Promise<Buffer> {
    return reading(this.#path, async (file) => {
      // A longer line is none.
      const tail = RECORD_BYTES_MAX + 2;
      const { size } = await file.stat();
      const bytes = Buffer.alloc(Math.min(tail, size));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, Math.max(size - tail, 0));
      const read = bytes.subarray(0, bytesRead);
      const end = read.at(-1) === LF ? read.subarray(0, -1) : read;
      return end.subarray(end.lastIndexOf(LF) + 1);
    });
  }

  async bundle(): Promise<Coming> {
    return { isRest: false, tag: undefined, pieces: atMost(piecesOfFile(this.#path), 0) };
  }
}

/** A strong tag: of a weak one a rest may be another one's (RFC 9110 §13.1.5). */
function tagOf({ etag }: IncomingHttpHeaders): string | undefined {
  return etag?.startsWith('"') ? etag : undefined;
}

/** Whether it is what is behind so many bytes of what has this tag (RFC 9110 §14.4, `bytes FIRST-LAST/ALL`; §15.3.7, the tag). */
function isRestOf(headers: IncomingHttpHeaders, { from, tag }: Rest): boolean {
  return (headers["content-range"]?.startsWith(`bytes ${from}-`) ?? false) && tagOf(headers) === tag;
}

async function* atMost(pieces: AsyncIterable<Buffer>, before: number): AsyncGenerator<Buffer> {
  let bytes = before;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > FLOOR_BYTES_MAX) throw new Failure(`the answer is larger than ${FLOOR_BYTES_MAX} bytes`);
    yield piece;
  }
}

async function* piecesOfFile(path: string): AsyncGenerator<Buffer> {
  const file = await opened(path);
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(PIECE_BYTES), 0, PIECE_BYTES);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw new Failure(`the file cannot be read (${codeOf(error)})`);
  } finally {
    await file.close();
  }
}

async function reading<T>(path: string, read: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await opened(path);
  try {
    return await read(file);
  } catch (error) {
    throw new Failure(`the file cannot be read (${codeOf(error)})`);
  } finally {
    await file.close();
  }
}

/** A regular file alone: a pipe without a writer would be waited for. */
async function opened(path: string): Promise<FileHandle> {
  try {
    // Not waited for where it is a pipe; what it is is looked at next.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (error) {
    throw new Failure(`the file cannot be read (${codeOf(error)})`);
  }
  throw new Failure("the file cannot be read (it is no regular file)");
}
