import { describe, expect, it } from "vitest";

import { findHeadEnd, parseHead } from "./response-head.ts";

const encode = (text: string): Uint8Array => Buffer.from(text, "latin1");
const parse = (...lines: readonly string[]): ReturnType<typeof parseHead> =>
  parseHead(encode(`${lines.join("\r\n")}\r\n\r\n`));

const plain = ["HTTP/1.1 206 Partial Content", "Content-Length: 10", "Content-Range: bytes 0-9/10"];

describe("the head of an answer", () => {
  it("is read where it is plain", () => {
    const head = parse(...plain, 'ETag: "a" ', "X-Twice: 1", "X-Twice: 2", "X-Empty:");
    expect(head).toMatchObject({ status: 206, length: 10, keepAlive: true });
    expect(head?.headers.get("etag")).toBe('"a"');
    expect(head?.headers.get("x-twice")).toBe("1, 2");
    expect(parse(...plain, "Connection: close")?.keepAlive).toBe(false);
    expect(parse("HTTP/1.1 200", "content-length: 0")).toMatchObject({ status: 200, length: 0 });
    expect(parse("HTTP/1.1 503 Sorry", "Content-Length: 5")).toMatchObject({ status: 503 });
  });

  const strange: Readonly<Record<string, readonly string[]>> = {
    "of another version": ["HTTP/1.0 200 OK", "Content-Length: 1"],
    "of no HTTP": ["SSH-2.0-OpenSSH"],
    "between a request and its answer": ["HTTP/1.1 100 Continue", "Content-Length: 0"],
    "without a length": ["HTTP/1.1 200 OK"],
    "with a negative length": ["HTTP/1.1 200 OK", "Content-Length: -1"],
    "with two lengths": ["HTTP/1.1 200 OK", "Content-Length: 5", "Content-Length: 5"],
    "with two lengths in one": ["HTTP/1.1 200 OK", "Content-Length: 5, 5"],
    "with a length beyond all numbers": ["HTTP/1.1 200 OK", "Content-Length: 18446744073709551621"],
    "of a chunked body": ["HTTP/1.1 200 OK", "Content-Length: 5", "Transfer-Encoding: chunked"],
    "with two ranges": [...plain, "Content-Range: bytes 5-9/10"],
    "with two tags": [...plain, 'ETag: "a"', 'etag: "b"'],
    "with a folded line": [...plain, "X-Long: a", " b"],
    "with a blank before a colon": [...plain, "X-Name : a"],
    "with a line that ends in a bare LF": [...plain, "X-Name: a\nX-Other: b"],
    "with a NUL": [...plain, "X-Name: a\0b"],
    "with a status of four digits": ["HTTP/1.1 2000 OK", "Content-Length: 1"],
    "with lines without end": [...plain, ...Array.from({ length: 200 }, (_, at) => `X-${at}: 1`)],
    "of no body": ["HTTP/1.1 204 No Content", "Content-Length: 0"],
  };
  for (const [name, lines] of Object.entries(strange)) {
    it(`${name} is left to others`, () => {
      expect(parse(...lines)).toBeUndefined();
    });
  }

  it("ends with its first empty line", () => {
    expect(findHeadEnd(encode("HTTP/1.1 200 OK\r\n\r\nbody\r\n\r\n"))).toBe(19);
    expect(findHeadEnd(encode("HTTP/1.1 200 OK\r\n\r"))).toBe(0);
  });
});
