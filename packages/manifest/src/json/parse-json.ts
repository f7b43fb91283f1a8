import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from "./characters.ts";
import { decodeText } from "./decode-text.ts";
import { INEXACT_NUMBER, type JsonValue } from "./json-value.ts";

export interface ParseJsonOptions {
  /** Arrays and objects inside each other. */
  readonly depthMax: number;
  /** Makes the error of text that is not strict JSON. @param offset in UTF-16 units */
  readonly fail: (message: string, offset: number) => Error;
  /**
   * Called for each member of the outermost object, and of the objects that are its members, with
   * the text of its value.
   */
  readonly onMember?: ((object: object, key: string, json: string) => void) | undefined;
}

/**
 * Strict JSON (RFC 8259), with what a document from outside must also not do:
 *
 * - be anything but UTF-8, begin with a byte order mark, or go on after its value;
 * - name a key twice (readers differ on which one counts) or name `__proto__`;
 * - hold half a surrogate pair (it has no UTF-8 form, so it could not be written again);
 * - nest deeper than `depthMax`.
 *
 * Objects have no prototype. A number that is not a safe whole number is `INEXACT_NUMBER`.
 */
export function parseJson(source: Uint8Array | string, options: ParseJsonOptions): JsonValue {
  const text = typeof source === "string" ? source : decodeText(source);
  if (text === undefined) throw options.fail("not UTF-8 text", 0);
  const cursor: Cursor = { text, at: 0, options };
  const value = readValue(cursor, 0);
  skipBlanks(cursor);
  if (cursor.at < text.length) throw fail(cursor, "text after the end of the document");
  return value;
}

/** Where reading is. */
interface Cursor {
  readonly text: string;
  readonly options: ParseJsonOptions;
  /** In UTF-16 units. */
  at: number;
}

/** Of the objects whose members are handed out as they were written. */
const MEMBERS_DEPTH = 2;

const COMMA = 0x2c;
const SPACE = 0x20;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;
const ESCAPED_UNIT = /[0-9a-fA-F]{4}/y;

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

function fail({ at, options }: Cursor, message: string): Error {
  return options.fail(message, at);
}

/** What a sticky pattern finds here, and moves on; it may find nothing. */
function take(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0] ?? "";
  cursor.at += found.length;
  return found;
}

/** @returns the code of the next character that is not blank, `NaN` at the end */
function skipBlanks(cursor: Cursor): number {
  for (;;) {
    const code = cursor.text.charCodeAt(cursor.at);
    if (code !== SPACE && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
    cursor.at += 1;
  }
}

function expect(cursor: Cursor, code: number): void {
  if (skipBlanks(cursor) !== code) throw fail(cursor, `\`${String.fromCharCode(code)}\` expected`);
  cursor.at += 1;
}

function readValue(cursor: Cursor, depth: number): JsonValue {
  switch (skipBlanks(cursor)) {
    case QUOTE:
      return readText(cursor);
    case OPEN_OBJECT:
      return readObject(cursor, depth);
    case OPEN_ARRAY:
      return readArray(cursor, depth);
    case 0xfeff:
      throw fail(cursor, "a byte order mark");
    default:
      return readPlain(cursor);
  }
}

/** Moves on to the next quote, backslash, control character, or the end of everything. */
function skipPlain(cursor: Cursor): number {
  for (;;) {
    const code = cursor.text.charCodeAt(cursor.at);
    // `NaN` beyond the end is not at least a space.
    if (code === QUOTE || code === BACKSLASH || !(code >= SPACE)) return code;
    cursor.at += 1;
  }
}

function readText(cursor: Cursor): string {
  cursor.at += 1;
  const start = cursor.at;
  let code = skipPlain(cursor);
  let result = cursor.text.slice(start, cursor.at);
  const escaped = code === BACKSLASH;
  while (code === BACKSLASH) {
    cursor.at += 1;
    result += readEscape(cursor);
    const from = cursor.at;
    code = skipPlain(cursor);
    result += cursor.text.slice(from, cursor.at);
  }
  if (code !== QUOTE) {
    const ended = cursor.at === cursor.text.length;
    throw fail(cursor, ended ? "a text without an end" : "a control character in a text");
  }
  cursor.at += 1;
  // What came unescaped was UTF-8, which has no lone surrogates.
  if (escaped && /\p{Surrogate}/u.test(result)) throw fail(cursor, "half a surrogate pair");
  return result;
}

function readEscape(cursor: Cursor): string {
  const letter = cursor.text.charAt(cursor.at);
  cursor.at += 1;
  if (letter !== "u") {
    const character = escapes[letter];
    if (character === undefined) throw fail(cursor, "an unknown escape");
    return character;
  }
  const digits = take(cursor, ESCAPED_UNIT);
  if (digits === "") throw fail(cursor, "four hexadecimal digits expected");
  return String.fromCharCode(Number.parseInt(digits, 16));
}

/** Anything but a text, an array or an object. */
function readPlain(cursor: Cursor): JsonValue {
  const word = take(cursor, WORD);
  if (word !== "") return word === "null" ? null : word === "true";
  const number = take(cursor, NUMBER);
  if (number === "") throw fail(cursor, "a value expected");
  const exact = Number(number);
  return Number.isSafeInteger(exact) && String(exact) === number ? exact : INEXACT_NUMBER;
}

function readArray(cursor: Cursor, depth: number): readonly JsonValue[] {
  checkDepth(cursor, depth);
  cursor.at += 1;
  const result: JsonValue[] = [];
  if (skipBlanks(cursor) === CLOSE_ARRAY) {
    cursor.at += 1;
    return result;
  }
  for (;;) {
    result.push(readValue(cursor, depth + 1));
    if (skipBlanks(cursor) !== COMMA) break;
    cursor.at += 1;
  }
  expect(cursor, CLOSE_ARRAY);
  return result;
}

function readObject(cursor: Cursor, depth: number): JsonValue {
  checkDepth(cursor, depth);
  cursor.at += 1;
  const result = Object.create(null) as Record<string, JsonValue>;
  if (skipBlanks(cursor) === CLOSE_OBJECT) {
    cursor.at += 1;
    return result;
  }
  for (;;) {
    readMember(cursor, depth, result);
    if (skipBlanks(cursor) !== COMMA) break;
    cursor.at += 1;
  }
  expect(cursor, CLOSE_OBJECT);
  return result;
}

function readMember(cursor: Cursor, depth: number, result: Record<string, JsonValue>): void {
  if (skipBlanks(cursor) !== QUOTE) throw fail(cursor, "a key expected");
  const key = readText(cursor);
  if (key === "__proto__") throw fail(cursor, "the key `__proto__`");
  if (key in result) throw fail(cursor, "a key named twice");
  expect(cursor, COLON);
  skipBlanks(cursor);
  const start = cursor.at;
  result[key] = readValue(cursor, depth + 1);
  if (depth < MEMBERS_DEPTH) {
    cursor.options.onMember?.(result, key, cursor.text.slice(start, cursor.at));
  }
}

function checkDepth(cursor: Cursor, depth: number): void {
  const { depthMax } = cursor.options;
  if (depth >= depthMax) throw fail(cursor, `more than ${depthMax} levels`);
}
