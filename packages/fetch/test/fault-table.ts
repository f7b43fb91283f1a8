import { brotliCompressSync, gzipSync } from "node:zlib";

import {
  broken,
  bytes,
  changed,
  chunk,
  chunked,
  fatal,
  type FaultCase,
  harmless,
  last,
  ok,
  passing,
  raw,
  rawEnd,
  size,
  withHeaders,
} from "./fault-answers.ts";
import { sendFile, sendRaw } from "./raw-server.ts";

/** Answers that are wrong, or odd, in the head or the framing of their bodies. */
export const faultTable: Readonly<Record<string, FaultCase>> = {
  "row 71: a length that is one too large": fatal(
    rawEnd(`${ok}\nContent-Length: ${size + 1}`),
    changed,
  ),
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
  "row 84: a redirect without a place": fatal(raw("HTTP/1.1 302 Found\nContent-Length: 4", "evil")),
  "row 84: a redirect to another server": harmless((request, socket, elsewhere) =>
    sendRaw(socket, { status: 307, headers: { location: `${elsewhere}${request.target}` } }),
  ),
  "several choices": fatal(raw("HTTP/1.1 300 Choices\nContent-Length: 4", "evil")),
  "row 85: a body that is encoded": fatal(
    raw(`${chunked}\nContent-Encoding: gzip`, Buffer.concat([chunk(gzipSync(bytes)), last])),
  ),
  "row 73: a body that is encoded and cut": fatal(
    rawEnd(`${chunked}\nContent-Encoding: gzip`, chunk(gzipSync(bytes).subarray(0, 9_000))),
  ),
  "row 85: a body that is encoded twice": fatal(
    raw(
      `${chunked}\nContent-Encoding: gzip, br`,
      Buffer.concat([chunk(brotliCompressSync(gzipSync(bytes))), last]),
    ),
  ),
  "row 85: a body that decodes without end": fatal(
    raw(
      `${chunked}\nContent-Encoding: gzip`,
      Buffer.concat([chunk(gzipSync(new Uint8Array(64_000_000))), last]),
    ),
  ),
  "a body that is encoded as it is": harmless(withHeaders({ "content-encoding": "identity" })),
  "a tag of four kilobytes": fatal(withHeaders({ etag: `"${"x".repeat(4096)}"` }), changed),
  "row 79: an error page of the right length": {
    answer: (_request, socket) =>
      sendRaw(socket, { status: 500, headers: { "content-length": size }, body: bytes }),
    once: "right",
    always: broken,
  },
  "row 79: an expired link": {
    answer: (_request, socket) => sendRaw(socket, { status: 403 }),
    once: "ERR_STORE_AUTH_REFUSED",
    always: "ERR_STORE_AUTH_REFUSED",
  },
  "row 76: a part that is all, where the whole was asked for": passing((_request, socket) => {
    const headers = { etag: '"one"', "content-range": `bytes 0-${size - 1}/${size}` };
    sendRaw(socket, { status: 206, headers, body: bytes });
  }),
};
