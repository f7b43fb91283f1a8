import { describe, expect, it } from "vitest";

import { INEXACT_NUMBER } from "./json-value.ts";
import { parseJson } from "./parse-json.ts";

function parse(text: string | Uint8Array, depthMax = 8): unknown {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return parseJson(bytes, {
    depthMax,
    fail: (message, offset) => new SyntaxError(`${message} at ${offset}`),
  });
}

/** Without prototypes, objects equal only what has none either. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe("parseJson", () => {
  it.each([
    "null",
    "true",
    "false",
    "0",
    "-1",
    "9007199254740991",
    '""',
    '"a\\u0062\\n\\t\\"\\\\\\/\\b\\f\\r"',
    '"\\ud83d\\ude00"',
    '"é\u2028\u007f"',
    "[]",
    "[[],{},[1,2]]",
    "{}",
    ' \t\r\n{ "a" : [ 1 , { "b" : null } ] , "" : "c" } ',
    '{"constructor":1,"toString":2}',
  ])("reads %s as JSON.parse does", (text) => {
    expect(plain(parse(text))).toEqual(JSON.parse(text));
  });

  it.each([
    "0.5",
    "1e3",
    "1E+2",
    "-0",
    "9007199254740992",
    "1e400",
    "123456789012345678901234567890",
  ])("keeps %s from being taken for a whole number", (text) => {
    expect(parse(text)).toBe(INEXACT_NUMBER);
  });

  it.each([
    ["", "a value expected at 0"],
    ["  ", "a value expected at 2"],
    ["{", "a key expected at 1"],
    ["[1,]", "a value expected at 3"],
    ['{"a":1,}', "a key expected at 7"],
    ["{a:1}", "a key expected at 1"],
    ["{'a':1}", "a key expected at 1"],
    ['{"a" 1}', "`:` expected at 5"],
    ["[1 2]", "`]` expected at 3"],
    ["01", "text after the end of the document at 1"],
    ["+1", "a value expected at 0"],
    [".5", "a value expected at 0"],
    ["1.", "text after the end of the document at 1"],
    ["-", "a value expected at 0"],
    ["NaN", "a value expected at 0"],
    ["Infinity", "a value expected at 0"],
    ["nul", "a value expected at 0"],
    ["// c\n1", "a value expected at 0"],
    ['"abc', "a text without an end at 4"],
    ['"a\nb"', "a control character in a text at 2"],
    ['"\\x41"', "an unknown escape at 3"],
    ['"\\u00g0"', "four hexadecimal digits expected at 3"],
    ['"\\ud800"', "half a surrogate pair at 8"],
    ['"\\udc00\\ud800"', "half a surrogate pair at 14"],
    ["1 2", "text after the end of the document at 2"],
    ["{}{}", "text after the end of the document at 2"],
    ["{}\0\0\0", "text after the end of the document at 2"],
    ['{"a":1,"a":2}', "a key named twice at 10"],
    ['{"a":1,"\\u0061":2}', "a key named twice at 15"],
    ['{"__proto__":{}}', "the key `__proto__` at 12"],
    ['[{"__pro\\u0074o__":1}]', "the key `__proto__` at 18"],
    ["\ufeff{}", "a byte order mark at 0"],
  ])("refuses %j", (text, message) => {
    expect(() => parse(text)).toThrow(new SyntaxError(message));
  });

  it("refuses bytes that are no UTF-8", () => {
    expect(() => parse(Uint8Array.of(0x22, 0xff, 0x22))).toThrow("not UTF-8 text at 0");
    expect(() => parse(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22))).toThrow("not UTF-8");
    expect(() => parse(Uint8Array.from(Buffer.from("{}", "utf16le")))).toThrow(SyntaxError);
  });

  it("stops at the depth it is given, long before the stack ends", () => {
    expect(plain(parse("[[[]]]", 3))).toEqual([[[]]]);
    expect(() => parse("[[[[]]]]", 3)).toThrow("more than 3 levels at 3");
    expect(() => parse("[".repeat(100_000))).toThrow("more than 8 levels");
    expect(() => parse('{"a":'.repeat(100_000))).toThrow("more than 8 levels");
  });

  it("hands out the text of every member as it was written", () => {
    const seen: string[] = [];
    parseJson(new TextEncoder().encode('{"a": {"b": 1.50}, "c":  [ 1 ]  }'), {
      depthMax: 8,
      fail: (message) => new SyntaxError(message),
      onMember: (_object, key, json) => seen.push(`${key}=${json}`),
    });
    expect(seen).toEqual(["b=1.50", 'a={"b": 1.50}', "c=[ 1 ]"]);
  });
});
