/**
 * The ARN of a method, as API Gateway names what is called: taken apart once, and written into answers.
 *
 * The path in it is the caller's: nothing of it may widen an answer. Where it cannot be written exactly (a wildcard, a
 * policy variable, too long), an answer names the whole stage, and such an answer is always a Deny.
 */

/** Longest `Resource` of a policy that API Gateway takes, in bytes. */
export const RESOURCE_BYTES_MAX = 512;

/** The partitions of AWS. */
const PARTITIONS = ["aws", "aws-cn", "aws-us-gov"];

const ARN =
  /^arn:([^:]*):execute-api:([a-z0-9-]{1,32}):([0-9]{12}):([A-Za-z0-9-]{1,64})\/(\$default|[A-Za-z0-9_-]{1,128})\//;
const VERB = /^[A-Za-z-]{1,32}$/;
/** What may stand in a path (RFC 3986 §3.3) and means nothing in a policy: neither a wildcard nor a variable. */
const PLAIN = /^[A-Za-z0-9\-._~!&'()+,;=:@/%]*$/;

/** `arn:PARTITION:execute-api:REGION:ACCOUNT:API/STAGE/` and what is called. */
export interface Arn {
  readonly text: string;
  readonly partition: string;
  /** Up to and with the slash behind the stage. */
  readonly front: string;
  readonly stage: string;
  /** Method and path, which begins with `/`; `undefined`: the connect route of a WebSocket API. */
  readonly called: { readonly verb: string; readonly path: string } | undefined;
}

/** `undefined` where any part but the path could mean more than one thing. */
export function parseArn(text: string): Arn | undefined {
  const found = ARN.exec(text);
  if (found === null) return undefined;
  const [front, partition = "", , , , stage = ""] = found;
  if (!PARTITIONS.includes(partition)) return undefined;
  const called = text.slice(front.length);
  if (called === "$connect") return { text, partition, front, stage, called: undefined };
  const slash = called.indexOf("/");
  const verb = called.slice(0, Math.max(slash, 0));
  if (!VERB.test(verb)) return undefined;
  return { text, partition, front, stage, called: { verb, path: called.slice(slash) } };
}

/** Whether a policy can name it, and nothing else by it. */
export function isExact(arn: Arn): boolean {
  const plain = arn.called === undefined || PLAIN.test(arn.called.path);
  return plain && arn.text.length <= RESOURCE_BYTES_MAX;
}

/** It, or its whole stage where a policy cannot name it. */
export function resourceOf(arn: Arn): string {
  return isExact(arn) ? arn.text : wholeStage(arn);
}

/** Everything in its stage. */
export function wholeStage(arn: Arn): string {
  return `${arn.front}*`;
}

/** What an answer names that is not about any usable ARN: everything of the partition, where at least that is readable. */
export function everything(unusable: string | undefined): string {
  const partition = unusable?.startsWith("arn:") ? (unusable.split(":", 2)[1] ?? "") : "";
  return `arn:${PARTITIONS.includes(partition) ? partition : "aws"}:execute-api:*:*:*`;
}
