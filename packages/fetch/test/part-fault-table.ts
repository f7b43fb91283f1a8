import { gzipSync } from "node:zlib";

import { createContent } from "@store/layout/testing";

import {
  broken,
  bytes,
  changed,
  fatal,
  type FaultCase,
  harmless,
  type Outcome,
  passing,
  rawEnd,
  size,
  withHeaders,
} from "./fault-answers.ts";
import { askedRange, sendFile, sendRaw } from "./raw-server.ts";

const otherBytes = createContent(size, 52);

/** The right range, and a length that is another one by so much. */
const withLength =
  (more: number): FaultCase["answer"] =>
  (request, socket) => {
    const { start } = askedRange(request, size) ?? { start: 0 };
    sendFile(request, socket, bytes, { "content-length": size - start + more });
  };

/** A server that denies each part, and has the whole. */
const withoutParts =
  (range: string | undefined): FaultCase["answer"] =>
  (request, socket) => {
    if (askedRange(request, size) === undefined) return sendFile(request, socket, bytes);
    return sendRaw(socket, { status: 416, headers: { "content-range": range } });
  };

/** After one of these the file is read from its first byte, and all is well if the next are sound. */
const restarting = (always: Outcome, answer: FaultCase["answer"]): FaultCase => ({
  answer,
  once: "right",
  always,
  restarts: true,
});

/** Answers to a request for the rest of a file, of which the first bytes have come. */
export const partFaultTable: Readonly<Record<string, FaultCase>> = {
  "row 75: a part of a larger file": fatal((request, socket) => {
    const { start } = askedRange(request, size) ?? { start: 0 };
    const range = `bytes ${start}-${size - 1}/${size + 1}`;
    sendFile(request, socket, bytes, { "content-range": range });
  }, changed),
  "row 75: a part that is all": passing((_request, socket) => {
    const headers = { etag: '"one"', "content-range": `bytes */${size}` };
    sendRaw(socket, { status: 206, headers, body: bytes });
  }),
  "row 78: a part of another version": fatal(withHeaders({ etag: '"two"' }), changed),
  "row 78: a part with a weak tag": fatal(withHeaders({ etag: 'W/"one"' }), changed),
  "row 72: a part without length, and cut": passing((request, socket) => {
    const { start } = askedRange(request, size) ?? { start: 0 };
    const range = `Content-Range: bytes ${start}-${size - 1}/${size}`;
    const head = `HTTP/1.1 206 Part\nETag: "one"\n${range}\nConnection: close`;
    rawEnd(head, bytes.subarray(start, start + 100))(request, socket);
  }),
  "row 85: a part that is encoded": fatal((request, socket) => {
    const { start } = askedRange(request, size) ?? { start: 0 };
    const body = gzipSync(bytes.subarray(start));
    const range = `bytes ${start}-${start + body.length - 1}/${size}`;
    const headers = { etag: '"one"', "content-range": range, "content-encoding": "gzip" };
    sendRaw(socket, { status: 206, headers, body });
  }),
  "row 77: no part of a file of no size, whatever is asked for": restarting(
    broken,
    (_request, socket) => {
      const headers = { "content-range": "bytes */*" };
      sendRaw(socket, { status: 416, headers, body: bytes });
    },
  ),
  "row 79: a web page with a part's status": fatal(withHeaders({ "content-type": "text/html" })),
  "row 75: a part that has several": passing(
    withHeaders({ "content-type": "multipart/byteranges; boundary=x" }),
  ),
  "row 75: a part with a length that is one too large": passing(withLength(1)),
  "row 75: a part with a length that is one too small": passing(withLength(-1)),
  "row 76: all as a part, where the rest was asked for": passing((_request, socket) => {
    const headers = { etag: '"one"', "content-range": `bytes 0-${size - 1}/${size}` };
    sendRaw(socket, { status: 206, headers, body: bytes });
  }),
  "row 77: no part, of a file of its size": restarting("right", withoutParts(`bytes */${size}`)),
  "row 77: no part, of a file of no size": restarting("right", withoutParts(undefined)),
  "row 77: no part, of a file of another size": fatal(withoutParts("bytes */100000"), changed),
  "row 78: all of another version": fatal((_request, socket) => {
    sendRaw(socket, { status: 200, headers: { etag: '"two"' }, body: otherBytes });
  }, changed),
  "row 79: that there is no such file": fatal((_request, socket) => {
    sendRaw(socket, { status: 404, body: bytes });
  }, "ERR_STORE_MODEL_NOT_FOUND"),
  "row 79: a web page of the right length": fatal((_request, socket) => {
    sendRaw(socket, { status: 200, headers: { "content-type": "text/html" }, body: bytes });
  }),
  "row 84: a redirect to another server": harmless((request, socket, elsewhere) =>
    sendRaw(socket, { status: 307, headers: { location: `${elsewhere}${request.target}` } }),
  ),
};
