import { type AnswerFields, createAnswerFields } from "../answer-fields.ts";

/** What a server says before a body. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: AnswerFields;
  /** Bytes of the body. */
  readonly length: number;
  /** Whether the connection may carry another request. */
  readonly keepAlive: boolean;
}

/** Longest head read here; Node's own client takes as much. */
export const HEAD_BYTES_MAX: number = 16 * 1024;

const HEADER_COUNT_MAX = 100;

const statusLine = /^HTTP\/1\.1 ([2-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;

/** Fields that frame or place a body: said twice, nobody knows which one counts. */
const onceOnly: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "etag",
  "last-modified",
  "location",
]);

/** Statuses whose answers have no body whatever their headers say, which is nothing for a file. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** Where a head ends, one past the empty line; 0 while it is incomplete. */
export function findHeadEnd(bytes: Uint8Array): number {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf("\r\n\r\n");
  return at < 0 ? 0 : at + 4;
}

/**
 * Reads the head of a plain answer: HTTP/1.1, a body of known length, each field that matters said
 * once. `undefined` for everything else, right or wrong: chunked bodies, interim answers, folded
 * lines, older versions. Whoever knows all of HTTP may make sense of it.
 */
export function parseHead(bytes: Uint8Array): ResponseHead | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length - 4).toString("latin1");
  const [first = "", ...lines] = text.split("\r\n");
  const status = Number(statusLine.exec(first)?.[1]);
  if (Number.isNaN(status) || bodiless.has(status) || lines.length > HEADER_COUNT_MAX) {
    return undefined;
  }
  const headers = createAnswerFields();
  for (const line of lines) {
    const [, name = "", value = ""] = headerLine.exec(line) ?? [];
    if (name === "") return undefined;
    if (onceOnly.has(name.toLowerCase()) && headers.has(name)) return undefined;
    headers.append(name, value);
  }
  const length = headers.get("content-length") ?? "";
  if (!/^\d{1,15}$/.test(length) || headers.has("transfer-encoding") || headers.has("upgrade")) {
    return undefined;
  }
  const connection = headers.get("connection")?.toLowerCase() ?? "keep-alive";
  return { status, headers, length: Number(length), keepAlive: connection === "keep-alive" };
}
