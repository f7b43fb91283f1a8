import type { ByteRange } from "../byte-source.ts";
import { isDigest, type Digest } from "../digest/digest.ts";

/** What a partial is of. */
export interface JournalHeader {
  readonly digest: Digest | undefined;
  readonly size: number | undefined;
  readonly key: string | undefined;
  readonly validator: string | undefined;
}

/** A range that was durable, with those bytes, when it was recorded (INV-10). */
export interface JournalRecord extends ByteRange {
  /** XXH64 of the bytes, 16 hex digits. */
  readonly sum: string;
}

export interface Journal {
  readonly header: JournalHeader;
  readonly records: readonly JournalRecord[];
  /** Bytes of the file that hold the header and the whole records. */
  readonly length: number;
}

const VERSION = 1;

/** A terabyte at one record per MiB: far beyond any transfer, and what one read may cost. */
export const JOURNAL_BYTES_MAX: number = 64 * 1024 * 1024;

/** Longest validator or key kept: servers send ETags of tens of bytes, and a journal is no place for more. */
const TEXT_CHARS_MAX = 4096;

/** Bytes that records speak of. */
export const countRecorded = (records: readonly JournalRecord[]): number =>
  records.reduce((sum, { start, end }) => sum + end - start, 0);

/** One JSON line. */
export function encodeHeader(header: JournalHeader): Uint8Array {
  const line = JSON.stringify({ journal: VERSION, ...header });
  return new TextEncoder().encode(`${line}\n`);
}

/** One line per record: `start end sum`, decimal and hex. */
export function encodeRecords(records: readonly JournalRecord[]): Uint8Array {
  const lines = records.map(({ start, end, sum }) => `${start} ${end} ${sum}\n`);
  return new TextEncoder().encode(lines.join(""));
}

/**
 * Reads a journal. A torn last line, and everything from the first line that is not a record, is
 * dropped: those ranges are fetched again. `undefined` if even the header does not hold.
 */
export function decodeJournal(bytes: Uint8Array): Journal | undefined {
  // Latin-1 keeps one character per byte, so that `length` counts bytes; records are ASCII.
  const text = new TextDecoder("latin1").decode(bytes);
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  const first = lines.shift();
  const header = first === undefined ? undefined : decodeHeader(bytes.subarray(0, first.length));
  if (first === undefined || header === undefined) return undefined;
  const records: JournalRecord[] = [];
  let length = first.length + 1;
  for (const line of lines) {
    const record = decodeRecord(line, header.size);
    if (record === undefined) break;
    records.push(record);
    length += line.length + 1;
  }
  return { header, records, length };
}

function decodeHeader(line: Uint8Array): JournalHeader | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { journal, digest, size, key, validator } = value as Record<string, unknown>;
  if (journal !== VERSION) return undefined;
  if (digest !== undefined && !isDigest(digest)) return undefined;
  if (size !== undefined && !(Number.isSafeInteger(size) && (size as number) >= 0))
    return undefined;
  if (!isShortText(key) || !isShortText(validator)) return undefined;
  return { digest, size: size as number | undefined, key, validator };
}

const isShortText = (value: unknown): value is string | undefined =>
  value === undefined || (typeof value === "string" && value.length <= TEXT_CHARS_MAX);

function decodeRecord(line: string, size: number | undefined): JournalRecord | undefined {
  const match = /^(\d{1,16}) (\d{1,16}) ([0-9a-f]{16})$/.exec(line);
  if (match === null) return undefined;
  const start = Number(match[1]);
  const end = Number(match[2]);
  const sum = match[3] ?? "";
  if (!Number.isSafeInteger(end) || start >= end || end > (size ?? end)) return undefined;
  return { start, end, sum };
}
