import { quoteText } from "../name/name-error.ts";
import type { ByteCursor } from "./byte-cursor.ts";
import { headerInvalid } from "./header-error.ts";

/** The longest key the format allows. */
const KEY_BYTES_MAX = 65_535;
/** Real files have 20 to 60; split and fine-tuned ones a few hundred. */
const KEY_COUNT_MAX = 65_536;
/** Values longer than this are passed over: the longest chat templates have some 20 KiB. */
const TEXT_BYTES_MAX = 1024 * 1024;
/** No writer nests arrays at all. Ends recursion. */
const ARRAY_DEPTH_MAX = 4;

/** Damaged text shows as U+FFFD: it is for people to read, and decides nothing. */
const utf8: TextDecoder = new TextDecoder();

const STRING = 8;
const ARRAY = 9;

/** Bytes of the value types of fixed size, by their id. */
const sizes: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 4],
  [5, 4],
  [6, 4],
  [7, 1],
  [10, 8],
  [11, 8],
  [12, 8],
]);

/** The values of interest. Arrays, and whole numbers beyond 2^53, are left out. */
export interface GgufMetadata {
  text(key: string): string | undefined;
  /** A whole number that is not negative. */
  count(key: string): number | undefined;
}

function isWanted(key: string): boolean {
  return (
    key.startsWith("general.") ||
    key.startsWith("split.") ||
    key.endsWith(".context_length") ||
    key === "tokenizer.chat_template"
  );
}

export async function readMetadata(cursor: ByteCursor, keyCount: number): Promise<GgufMetadata> {
  if (keyCount > KEY_COUNT_MAX) throw fail(`${keyCount} keys`, cursor);
  const seen = new Set<string>();
  const values = new Map<string, string | number>();
  for (let index = 0; index < keyCount; index += 1) {
    const key = await readText(cursor, KEY_BYTES_MAX);
    if (seen.has(key)) throw fail(`key ${quoteText(key)} named twice`, cursor);
    seen.add(key);
    await cursor.ensure(4);
    const type = cursor.u32();
    const value = isWanted(key) ? await readValue(cursor, type) : await skipValue(cursor, type, 0);
    if (value !== undefined) values.set(key, value);
  }
  return {
    text(key) {
      const value = values.get(key);
      return typeof value === "string" ? value : undefined;
    },
    count(key) {
      const value = values.get(key);
      return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
        ? value
        : undefined;
    },
  };
}

/** A string of the format: its length in eight bytes, then UTF-8. */
export async function readText(cursor: ByteCursor, bytesMax: number): Promise<string> {
  if (!cursor.has(8)) await cursor.ensure(8);
  const size = cursor.u64();
  if (size > bytesMax) throw fail(`a name of ${size} bytes`, cursor);
  if (!cursor.has(size)) await cursor.ensure(size);
  return utf8.decode(cursor.bytes(size));
}

async function readValue(cursor: ByteCursor, type: number): Promise<string | number | undefined> {
  if (type === STRING) {
    await cursor.ensure(8);
    const size = cursor.u64();
    if (size > TEXT_BYTES_MAX) {
      cursor.skip(size);
      return undefined;
    }
    await cursor.ensure(size);
    return utf8.decode(cursor.bytes(size));
  }
  const size = sizes.get(type);
  if (size === undefined) return skipValue(cursor, type, 0);
  await cursor.ensure(size);
  return readNumber(cursor, type, size);
}

function readNumber(cursor: ByteCursor, type: number, size: number): number | undefined {
  const view = cursor.view(size);
  const little = cursor.littleEndian;
  switch (type) {
    case 0:
    case 7:
      return view.getUint8(0);
    case 1:
      return view.getInt8(0);
    case 2:
      return view.getUint16(0, little);
    case 3:
      return view.getInt16(0, little);
    case 4:
      return view.getUint32(0, little);
    case 5:
      return view.getInt32(0, little);
    case 6:
      return view.getFloat32(0, little);
    case 10:
      return Number(view.getBigUint64(0, little));
    case 11:
      return Number(view.getBigInt64(0, little));
    default:
      return view.getFloat64(0, little);
  }
}

async function skipValue(cursor: ByteCursor, type: number, depth: number): Promise<undefined> {
  const size = sizes.get(type);
  if (size !== undefined) {
    cursor.skip(size);
  } else if (type === STRING) {
    if (!cursor.has(8)) await cursor.ensure(8);
    cursor.skip(cursor.u64());
  } else if (type === ARRAY) {
    await skipArray(cursor, depth);
  } else {
    throw fail(`a value of unknown type ${type}`, cursor);
  }
}

async function skipArray(cursor: ByteCursor, depth: number): Promise<void> {
  if (depth >= ARRAY_DEPTH_MAX) throw fail(`arrays nested deeper than ${ARRAY_DEPTH_MAX}`, cursor);
  await cursor.ensure(12);
  const type = cursor.u32();
  const count = cursor.u64();
  const size = sizes.get(type);
  if (size !== undefined) {
    cursor.skip(count * size);
    return;
  }
  // Each element takes eight bytes at least, so the header's limit ends the loop.
  for (let index = 0; index < count; index += 1) {
    // A tokenizer has 250,000 strings: no promise for each of them.
    if (type === STRING && cursor.has(8)) cursor.skip(cursor.u64());
    else await skipValue(cursor, type, depth + 1);
    const pause = cursor.pauses();
    if (pause !== undefined) await pause;
  }
}

function fail(message: string, cursor: ByteCursor): Error {
  return headerInvalid("gguf", message, cursor.position);
}
