import { decodeText } from "../json/decode-text.ts";

/** A member of a JSON object. */
export interface JsonMember {
  readonly key: string;
  /** The bytes of its value, as they are: only that it ends where they do is known. */
  readonly value: Uint8Array;
  /** Where the value starts in the object's bytes. */
  readonly offset: number;
}

export interface SplitOptions {
  /** Largest value, in bytes: what a caller can parse without holding the thread for long. */
  readonly valueSizeMax: (key: string) => number;
  readonly fail: (message: string, offset: number) => Error;
}

/** Far more than any writer pads a header with. */
const BLANKS_MAX = 1024 * 1024;
/** The longest tensor names have some 200 bytes. */
const KEY_SIZE_MAX = 64 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * The members of the JSON object that some bytes are, one by one, so that a caller can pause
 * between them. Keys are strict, and none comes twice; the values are for the caller to parse.
 */
export function* splitMembers(
  bytes: Uint8Array,
  { valueSizeMax, fail }: SplitOptions,
): Generator<JsonMember> {
  const keys = new Set<string>();
  let at = 0;

  function peek(): number {
    const end = Math.min(bytes.length, at + BLANKS_MAX);
    while (at < end && isBlank(bytes[at])) at += 1;
    if (at === end && at < bytes.length) throw fail(`more than ${BLANKS_MAX} blanks`, at);
    return bytes[at] ?? 0;
  }

  function expect(code: number): void {
    if (peek() !== code) throw fail(`\`${String.fromCharCode(code)}\` expected`, at);
    at += 1;
  }

  /** Moves on beyond a value that starts here. */
  function take(sizeMax: number): Uint8Array {
    const start = at;
    at = endOfValue(bytes, start, Math.min(bytes.length, start + sizeMax + 1));
    if (at - start > sizeMax) throw fail(`more than ${sizeMax} bytes in one value`, start);
    return bytes.subarray(start, at);
  }

  function key(): string {
    if (peek() !== QUOTE) throw fail("a key expected", at);
    const start = at;
    const text = parseText(take(KEY_SIZE_MAX));
    if (text === undefined) throw fail("a key that is no text", start);
    if (text === "__proto__") throw fail("the key `__proto__`", at);
    if (keys.has(text)) throw fail("a key named twice", at);
    keys.add(text);
    return text;
  }

  expect(0x7b);
  for (let more = peek() !== 0x7d; more;) {
    const name = key();
    expect(COLON);
    peek();
    const offset = at;
    yield { key: name, value: take(valueSizeMax(name)), offset };
    more = peek() === COMMA;
    if (more) at += 1;
  }
  expect(0x7d);
  peek();
  if (at < bytes.length) throw fail("text after the end of the document", at);
}

/** The text that a JSON string of any length is; `undefined` if the bytes are none. */
export function parseText(bytes: Uint8Array): string | undefined {
  const json = decodeText(bytes);
  if (json?.startsWith('"') !== true) return undefined;
  try {
    const text: unknown = JSON.parse(json);
    return typeof text === "string" && !/\p{Surrogate}/u.test(text) ? text : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Where a value ends, if it is one: brackets and texts are counted, nothing else is looked at. */
function endOfValue(bytes: Uint8Array, start: number, limit: number): number {
  let depth = 0;
  for (let at = start; at < limit; at += 1) {
    const code = bytes[at] ?? 0;
    if (code === QUOTE) {
      at = endOfText(bytes, at, limit) - 1;
      if (depth === 0) return at + 1;
    } else if (isOpening(code)) {
      depth += 1;
    } else if (isClosing(code)) {
      // One that closes the object around the value is not the value's.
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (code === COMMA || isBlank(code))) {
      return at;
    }
  }
  return limit;
}

function endOfText(bytes: Uint8Array, start: number, limit: number): number {
  for (let at = start + 1; at < limit; at += 1) {
    if (bytes[at] === QUOTE) return at + 1;
    if (bytes[at] === BACKSLASH) at += 1;
  }
  return limit;
}

function isBlank(code: number | undefined): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** `[` or `{`. */
function isOpening(code: number): boolean {
  return code === 0x5b || code === 0x7b;
}

/** `]` or `}`. */
function isClosing(code: number): boolean {
  return code === 0x5d || code === 0x7d;
}
