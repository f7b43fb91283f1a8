import { decodeText } from "./decode-text.ts";
import { INEXACT_NUMBER, type JsonValue } from "./json-value.ts";

export interface ParseJsonOptions {
  /** Arrays and objects inside each other. */
  readonly depthMax: number;
  /** Makes the error of text that is not strict JSON. @param offset in UTF-16 units */
  readonly fail: (message: string, offset: number) => Error;
  /** Called for each member of an object, with the text of its value. */
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
export function parseJson(bytes: Uint8Array, options: ParseJsonOptions): JsonValue {
  const text = decodeText(bytes);
  if (text === undefined) throw options.fail("not UTF-8 text", 0);
  const reader = createReader(text, options);
  const value = reader.value(0);
  reader.end();
  return value;
}

interface Reader {
  value(depth: number): JsonValue;
  end(): void;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
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

/** Headers have up to 100 MB, so the two inner loops look at character codes, not at patterns. */
function createReader(text: string, options: ParseJsonOptions): Reader {
  let at = 0;

  function fail(message: string): Error {
    return options.fail(message, at);
  }

  /** What a sticky pattern finds here, and moves on; it may find nothing. */
  function take(pattern: RegExp): string {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  }

  /** The next character that is not space, without moving beyond it. */
  function peek(): string {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== SPACE && code !== 0x0a && code !== 0x0d && code !== 0x09) return text.charAt(at);
      at += 1;
    }
  }

  function expect(character: string): void {
    if (peek() !== character) throw fail(`\`${character}\` expected`);
    at += 1;
  }

  /** Up to the next quote, backslash, control character, or the end of everything. */
  function plain(): string {
    const start = at;
    for (;;) {
      const code = text.charCodeAt(at);
      // `NaN` beyond the end is not at least a space.
      if (code === QUOTE || code === BACKSLASH || !(code >= SPACE)) return text.slice(start, at);
      at += 1;
    }
  }

  function string(): string {
    expect('"');
    let result = plain();
    let escaped = false;
    while (text.charCodeAt(at) !== QUOTE) {
      if (text.charCodeAt(at) !== BACKSLASH) {
        throw fail(at === text.length ? "a text without an end" : "a control character in a text");
      }
      at += 1;
      result += escape();
      result += plain();
      escaped = true;
    }
    at += 1;
    // What came unescaped was UTF-8, which has no lone surrogates.
    if (escaped && /\p{Surrogate}/u.test(result)) throw fail("half a surrogate pair");
    return result;
  }

  function escape(): string {
    const letter = text.charAt(at);
    at += 1;
    if (letter !== "u") {
      const character = escapes[letter];
      if (character === undefined) throw fail("an unknown escape");
      return character;
    }
    const digits = take(ESCAPED_UNIT);
    if (digits === "") throw fail("four hexadecimal digits expected");
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  function number(): JsonValue {
    const token = take(NUMBER);
    if (token === "") throw fail("a value expected");
    const exact = Number(token);
    return Number.isSafeInteger(exact) && String(exact) === token ? exact : INEXACT_NUMBER;
  }

  function word(): JsonValue {
    const found = take(WORD);
    if (found === "") throw fail("a value expected");
    return found === "null" ? null : found === "true";
  }

  function array(depth: number): readonly JsonValue[] {
    expect("[");
    const result: JsonValue[] = [];
    if (peek() === "]") {
      at += 1;
      return result;
    }
    for (;;) {
      result.push(value(depth));
      if (peek() !== ",") break;
      at += 1;
    }
    expect("]");
    return result;
  }

  function object(depth: number): JsonValue {
    expect("{");
    const result = Object.create(null) as Record<string, JsonValue>;
    if (peek() === "}") {
      at += 1;
      return result;
    }
    for (;;) {
      if (peek() !== '"') throw fail("a key expected");
      const key = string();
      if (key === "__proto__") throw fail("the key `__proto__`");
      if (key in result) throw fail("a key named twice");
      expect(":");
      peek();
      const start = at;
      result[key] = value(depth);
      options.onMember?.(result, key, text.slice(start, at));
      if (peek() !== ",") break;
      at += 1;
    }
    expect("}");
    return result;
  }

  function value(depth: number): JsonValue {
    const next = peek();
    if (next === '"') return string();
    if (next === "{" || next === "[") {
      if (depth >= options.depthMax) throw fail(`more than ${options.depthMax} levels`);
      return next === "{" ? object(depth + 1) : array(depth + 1);
    }
    if (next === "-" || (next >= "0" && next <= "9")) return number();
    if (next === "\u{feff}") throw fail("a byte order mark");
    return word();
  }

  return {
    value,
    end() {
      if (peek() !== "") throw fail("text after the end of the document");
    },
  };
}
