import type { Socket } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { createContent } from "@store/layout/testing";

import { askedRange, type RawRequest, sendFile, sendRaw } from "./raw-server.ts";

/** The file that is asked for. */
export const bytes: Uint8Array = createContent(300_000, 51);
const size = bytes.length;

/** What becomes of a pull: the right bytes, or an error of one of these codes and no byte. */
export type Outcome = "right" | `ERR_STORE_${string}`;

export interface FaultCase {
  /** Answers a request for bytes, as no server should. */
  readonly answer: (request: RawRequest, socket: Socket) => void;
  /** If one answer is like this and the next ones are sound. */
  readonly once: Outcome;
  /** If all are. */
  readonly always: Outcome;
}

const broken = "ERR_STORE_UPSTREAM_ERROR";
const changed = "ERR_STORE_UPSTREAM_CHANGED";

/** A head as it is written here, then the file or what else comes. */
const raw =
  (head: string, body: Uint8Array | string = bytes): FaultCase["answer"] =>
  (_request, socket) => {
    socket.write(Buffer.from(`${head.replaceAll("\n", "\r\n")}\r\n\r\n`, "latin1"));
    socket.write(body);
  };

/** The same, then the end of the connection. */
const rawEnd =
  (head: string, body: Uint8Array | string = bytes): FaultCase["answer"] =>
  (request, socket) => {
    raw(head, body)(request, socket);
    socket.end();
  };

/** A sound answer with headers that say otherwise. */
const withHeaders =
  (headers: Readonly<Record<string, string | number | undefined>>): FaultCase["answer"] =>
  (request, socket) =>
    sendFile(request, socket, bytes, headers);

const ok = `HTTP/1.1 200 OK\nETag: "one"`;
const chunked = `${ok}\nTransfer-Encoding: chunked`;
const chunk = (body: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")]);
const last = Buffer.from("0\r\n\r\n");

/** Later ones are sound, and the first is given up, or understood after all. */
const passing = (answer: FaultCase["answer"]): FaultCase => ({
  answer,
  once: "right",
  always: broken,
});
const fatal = (answer: FaultCase["answer"], code: Outcome = broken): FaultCase => ({
  answer,
  once: code,
  always: code,
});
const harmless = (answer: FaultCase["answer"]): FaultCase => ({
  answer,
  once: "right",
  always: "right",
});

/** Answers that are wrong, or odd, in the head or the framing of their bodies. */
export const faultTable: Readonly<Record<string, FaultCase>> = {
  "a length that is one too large": fatal(rawEnd(`${ok}\nContent-Length: ${size + 1}`), changed),
  "a length that is one too small": fatal(raw(`${ok}\nContent-Length: ${size - 1}`), changed),
  "a length said twice": passing(raw(`${ok}\nContent-Length: ${size}\nContent-Length: ${size}`)),
  "two lengths": passing(raw(`${ok}\nContent-Length: ${size}\nContent-Length: 5`)),
  "a length and chunks": passing(
    raw(
      `${chunked}\nContent-Length: ${size}`,
      Buffer.concat([chunk(bytes.subarray(0, 9)), last, bytes]),
    ),
  ),
  "a negative length": passing(raw(`${ok}\nContent-Length: -1`)),
  "a length beyond all numbers": passing(raw(`${ok}\nContent-Length: 18446744073709551621`)),
  "a length in hexadecimal": passing(raw(`${ok}\nContent-Length: 0x493E0`)),
  "a length with a sign": passing(raw(`${ok}\nContent-Length: +${size}`)),
  "a chunk without end": passing(raw(chunked, "FFFFFFFFFFFFFFFFF\r\nxx")),
  "a chunk whose size is no number": passing(raw(chunked, "zz\r\nxx")),
  "a chunk that goes on": passing(
    raw(chunked, Buffer.concat([Buffer.from("5\r\n"), bytes.subarray(0, 9), last])),
  ),
  "chunks with a megabyte beside them": passing(
    raw(chunked, Buffer.concat([Buffer.from(`5;${"x".repeat(1024 * 1024)}\r\n`), bytes, last])),
  ),
  "chunks and their trailers": harmless(
    raw(chunked, Buffer.concat([chunk(bytes), Buffer.from("0\r\nX-Sum: 1\r\nETag: x\r\n\r\n")])),
  ),
  "chunks that stop halfway": passing(rawEnd(chunked, chunk(bytes.subarray(0, 90_000)))),
  "chunks that end a byte early": passing(
    raw(chunked, Buffer.concat([chunk(bytes.subarray(0, -1)), last])),
  ),
  "more chunks than bytes": fatal(raw(chunked, Buffer.concat([chunk(bytes), chunk(bytes), last]))),
  "a thousand interim answers": harmless((request, socket) => {
    socket.write("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n".repeat(1000));
    sendFile(request, socket, bytes);
  }),
  "a head of 15 KiB": harmless(withHeaders({ "x-long": "x".repeat(15_000) })),
  "a head of 80 KiB": passing(withHeaders({ "x-long": "x".repeat(80_000) })),
  "a head in single bytes": harmless((request, socket) => {
    const head = `${ok.replace("\n", "\r\n")}\r\nContent-Length: ${size}\r\n\r\n`;
    if (request.headers["range"] !== undefined) return sendFile(request, socket, bytes);
    socket.setNoDelay(true);
    let at = 0;
    const next = (): void => {
      if (at < head.length) socket.write(head.charAt(at++), () => setImmediate(next));
      else socket.write(bytes);
    };
    next();
    return undefined;
  }),
  "a head that ends in the middle": passing((_request, socket) => socket.end(`${ok}\r\nX-Name: `)),
  "a head with a NUL": passing(raw(`${ok}\nX-Name: a\0b\nContent-Length: ${size}`)),
  "a header without a name": passing(raw(`${ok}\n: x\nContent-Length: ${size}`)),
  "a blank before a colon": passing(raw(`${ok}\nContent-Length : ${size}`)),
  "another answer behind the body": harmless((request, socket) => {
    sendFile(request, socket, bytes);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\nETag: "one"\r\n\r\nevil`);
  }),
  "the status of another protocol": passing(raw("ICY 200 OK\nContent-Length: 4", "evil")),
  "a status of two digits": passing(raw(`HTTP/1.1 20 OK\nContent-Length: ${size}`)),
  "HTTP/2's greeting": passing((_request, socket) => {
    socket.end(Buffer.from("000000040000000000", "hex"));
  }),
  "no answer, and an end": passing((_request, socket) => socket.end()),
  "no body": fatal(raw('HTTP/1.1 204 No Content\nETag: "one"', "")),
  "nothing new": fatal(raw('HTTP/1.1 304 Not Modified\nETag: "one"', "")),
  "another protocol to go on with": passing(
    raw("HTTP/1.1 101 Switching Protocols\nUpgrade: x\nConnection: upgrade", ""),
  ),
  "a place without a redirect": harmless(withHeaders({ location: "http://127.0.0.1:1/x" })),
  "a redirect without a place": fatal(raw("HTTP/1.1 302 Found\nContent-Length: 4", "evil")),
  "several choices": fatal(raw("HTTP/1.1 300 Choices\nContent-Length: 4", "evil")),
  "a body that is encoded": fatal(
    raw(`${chunked}\nContent-Encoding: gzip`, Buffer.concat([chunk(gzipSync(bytes)), last])),
  ),
  "a body that is encoded and cut": fatal(
    rawEnd(`${chunked}\nContent-Encoding: gzip`, chunk(gzipSync(bytes).subarray(0, 9_000))),
  ),
  "a body that is encoded twice": fatal(
    raw(
      `${chunked}\nContent-Encoding: gzip, br`,
      Buffer.concat([chunk(brotliCompressSync(gzipSync(bytes))), last]),
    ),
  ),
  "a body that decodes without end": fatal(
    raw(
      `${chunked}\nContent-Encoding: gzip`,
      Buffer.concat([chunk(gzipSync(new Uint8Array(64_000_000))), last]),
    ),
  ),
  "a body that is encoded as it is": harmless(withHeaders({ "content-encoding": "identity" })),
  "a tag of four kilobytes": fatal(withHeaders({ etag: `"${"x".repeat(4096)}"` }), changed),
  "an error page of the right length": {
    answer: (_request, socket) =>
      sendRaw(socket, { status: 500, headers: { "content-length": size }, body: bytes }),
    once: "right",
    always: broken,
  },
  "an expired link": {
    answer: (_request, socket) => sendRaw(socket, { status: 403 }),
    once: "ERR_STORE_AUTH_REFUSED",
    always: "ERR_STORE_AUTH_REFUSED",
  },
};

/** Answers to a request for the rest of a file, of which the first bytes have come. */
export const partFaultTable: Readonly<Record<string, FaultCase>> = {
  "a part of a larger file": fatal((request, socket) => {
    const { start } = askedRange(request, size) ?? { start: 0 };
    const range = `bytes ${start}-${size - 1}/${size + 1}`;
    sendFile(request, socket, bytes, { "content-range": range });
  }, changed),
  "a part that is all": passing((_request, socket) => {
    const headers = { etag: '"one"', "content-range": `bytes */${size}` };
    sendRaw(socket, { status: 206, headers, body: bytes });
  }),
  "a part of another version": fatal(withHeaders({ etag: '"two"' }), changed),
  "a part with a weak tag": fatal(withHeaders({ etag: 'W/"one"' }), changed),
  "a part without length, and cut": passing((request, socket) => {
    const { start } = askedRange(request, size) ?? { start: 0 };
    const range = `Content-Range: bytes ${start}-${size - 1}/${size}`;
    const head = `HTTP/1.1 206 Part\nETag: "one"\n${range}\nConnection: close`;
    rawEnd(head, bytes.subarray(start, start + 100))(request, socket);
  }),
  "a part that is encoded": fatal((request, socket) => {
    const { start } = askedRange(request, size) ?? { start: 0 };
    const body = gzipSync(bytes.subarray(start));
    const range = `bytes ${start}-${start + body.length - 1}/${size}`;
    const headers = { etag: '"one"', "content-range": range, "content-encoding": "gzip" };
    sendRaw(socket, { status: 206, headers, body });
  }),
  "nothing there, with the file as a body": passing((_request, socket) => {
    const headers = { "content-range": "bytes */*" };
    sendRaw(socket, { status: 416, headers, body: bytes });
  }),
  "a web page with a part's status": fatal(withHeaders({ "content-type": "text/html" })),
};
