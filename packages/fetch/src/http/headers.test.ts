import { describe, expect, it } from "vitest";

import { createAnswerFields } from "./answer-fields.ts";
import { parseContentLength, parseContentRange } from "./content-range.ts";
import { redactUrl } from "./redact-url.ts";
import { retryAfterMs } from "./retry-after.ts";
import { matchesValidator, strongValidator } from "./validator.ts";

describe("Content-Range", () => {
  const cases: readonly (readonly [text: string, parsed: unknown])[] = [
    ["bytes 0-9/10", { range: { start: 0, end: 10 }, total: 10 }],
    ["Bytes 5-5/10", { range: { start: 5, end: 6 }, total: 10 }],
    ["bytes 0-9/*", { range: { start: 0, end: 10 }, total: undefined }],
    ["bytes */10", { range: undefined, total: 10 }],
    ["bytes 0-10/10", undefined],
    ["bytes 5-4/10", undefined],
    ["bytes -4/10", undefined],
    ["bytes 0-9/10, bytes 0-9/10", undefined],
    ["items 0-9/10", undefined],
    ["bytes=0-9/10", undefined],
    ["bytes 0-9/99999999999999999999", undefined],
    ["bytes 0-9007199254740992/9007199254740993", undefined],
    ["bytes 0x0-9/10", undefined],
    ["bytes 0-9/10\n", { range: { start: 0, end: 10 }, total: 10 }],
    ["", undefined],
  ];
  for (const [text, parsed] of cases) {
    it(`${JSON.stringify(text)} is ${parsed === undefined ? "refused" : "read"}`, () => {
      expect(parseContentRange(text)).toEqual(parsed);
    });
  }
});

it("the fields of an answer are found in any case, and one that was sent twice whole", () => {
  const fields = createAnswerFields();
  for (const [name, value] of [
    ["ETag", ' "a" '],
    ["Vary", "Origin"],
    ["vary", "Accept"],
    ["constructor", "x"],
    ["content-length", "\u00a010\t"],
  ] as const)
    fields.append(name, value);
  expect(parseContentLength(fields.get("content-length"))).toBeUndefined();
  const platform = new Headers({ ETag: ' "a" ', Vary: "Origin, Accept", constructor: "x" });
  for (const name of ["etag", "ETAG", "VARY", "constructor", "toString", "date"]) {
    expect(fields.get(name), name).toBe(platform.get(name));
    expect(fields.has(name), name).toBe(platform.has(name));
  }
});

it("a Content-Length is a plain number or nothing", () => {
  expect(parseContentLength("10")).toBe(10);
  for (const text of [null, "", "-1", "1, 1", "0x10", "1e3", "18446744073709551621", " 1"]) {
    expect(parseContentLength(text)).toBeUndefined();
  }
});

describe("a validator", () => {
  it("is strong or none", () => {
    const of = (headers: Record<string, string>): string | undefined =>
      strongValidator(new Headers(headers));
    expect(of({ etag: '"a"' })).toBe('"a"');
    for (const etag of ['W/"a"', "a", '""', `"${"x".repeat(600)}"`, '"a"b"']) {
      expect(of({ etag, "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT" })).toBeUndefined();
    }
    const modified = "Mon, 01 Jan 2024 00:00:00 GMT";
    expect(of({ "last-modified": modified, date: "Mon, 01 Jan 2024 00:01:00 GMT" })).toBe(modified);
    expect(
      of({ "last-modified": modified, date: "Mon, 01 Jan 2024 00:00:59 GMT" }),
    ).toBeUndefined();
    expect(of({ "last-modified": modified })).toBeUndefined();
    expect(of({ "last-modified": "soon", date: modified })).toBeUndefined();
  });

  it("matches only itself", () => {
    expect(matchesValidator(new Headers({ etag: '"a"' }), '"a"')).toBe(true);
    expect(matchesValidator(new Headers({ etag: 'W/"a"' }), '"a"')).toBe(false);
    expect(matchesValidator(new Headers(), '"a"')).toBe(false);
  });
});

it("a Retry-After without sense is no Retry-After", () => {
  for (const text of ["", "x", "-1", "1.5", "9999999999999", "Infinity"]) {
    expect(retryAfterMs(new Headers({ "retry-after": text })), text).toBeUndefined();
  }
  expect(retryAfterMs(new Headers({ "retry-after": "0" }))).toBe(0);
});

it("a URL in a message has no credentials, query or fragment", () => {
  expect(redactUrl("https://u:p@host:1/a/b?x=1#y")).toBe("https://host:1/a/b?…");
  expect(redactUrl("https://host/a")).toBe("https://host/a");
  expect(redactUrl("hf.co/org/repo?token=1#x")).toBe("hf.co/org/repo");
  expect(redactUrl("user:secret@host/a")).toBe("host/a");
  expect(redactUrl(`https://host/${"x".repeat(1000)}`).length).toBeLessThan(310);
});
