import { isStoreError } from "@store/layout";
import { createContent } from "@store/layout/testing";
import { FULL } from "@store/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createHttpClient } from "../src/http/http-client.ts";
import { createRangeOpener } from "../src/http/range-opener.ts";
import { statusError } from "../src/http/status-error.ts";
import type { OpenedRange } from "../src/source.ts";
import { type RawServer, startRawServer } from "./raw-server.ts";

const bytes = createContent(600, 71);
const RUNS = FULL ? 20_000 : 300;

/** Sound answers, which are then bent. */
const sound = [
  ["HTTP/1.1 200 OK", 'ETag: "one"', `Content-Length: ${bytes.length}`],
  [
    "HTTP/1.1 206 Partial Content",
    'ETag: "one"',
    "Content-Range: bytes 100-599/600",
    "Content-Length: 500",
  ],
  ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"],
  ["HTTP/1.1 302 Found", "Location: /other", "Content-Length: 0"],
  ["HTTP/1.1 416 No", "Content-Range: bytes */600", "Content-Length: 0"],
] as const;

const chunked = Buffer.concat([
  Buffer.from("12c\r\n"),
  bytes.subarray(0, 300),
  Buffer.from("\r\n12c\r\n"),
  bytes.subarray(300),
  Buffer.from("\r\n0\r\n\r\n"),
]);

const bodies: readonly Uint8Array[] = [bytes, bytes.subarray(100), chunked, chunked, chunked];

const words = [
  "\r\n",
  "\n",
  "\0",
  " ",
  ":",
  "0",
  "-1",
  "99999999999999999999",
  "\r\n\r\n",
  "HTTP/1.1 200 OK\r\n",
  "Content-Length: 5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Content-Encoding: gzip\r\n",
  "Content-Range: bytes 0-9/10\r\n",
  "Connection: close\r\n",
  "x".repeat(20_000),
] as const;

/** One change of the bytes of an answer, at some place. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(40),
  insert: fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 8 })),
});

const answer = fc.record({
  kind: fc.nat(sound.length - 1),
  /** Mostly in the head, where it matters. */
  headChanges: fc.array(change, { maxLength: 4 }),
  bodyChanges: fc.array(change, { maxLength: 2 }),
  cutAt: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
});

type Bent = typeof answer extends fc.Arbitrary<infer T> ? T : never;

function bend(text: Buffer, changes: Bent["headChanges"]): Buffer {
  return changes.reduce((bent, { at, remove, insert }) => {
    const place = Math.floor(at * bent.length);
    return Buffer.concat([
      bent.subarray(0, place),
      Buffer.from(insert, "latin1"),
      bent.subarray(place + remove),
    ]);
  }, text);
}

function format({ kind, headChanges, bodyChanges, cutAt }: Bent): Buffer {
  const head = Buffer.from(`${(sound[kind] ?? sound[0]).join("\r\n")}\r\n\r\n`);
  const body = Buffer.from(bodies[kind] ?? bytes);
  const all = Buffer.concat([bend(head, headChanges), bend(body, bodyChanges)]);
  return cutAt === undefined ? all : all.subarray(0, Math.floor(cutAt * all.length));
}

async function readAll({ body }: OpenedRange): Promise<number> {
  let count = 0;
  if (body.readInto === undefined) {
    for await (const chunk of body) count += chunk.length;
    return count;
  }
  const memory = new Uint8Array(200);
  for (let read = -1; read !== 0; count += read) read = await body.readInto(memory);
  return count;
}

describe.each([
  ["Node's client", false],
  ["sockets of our own", true],
] as const)("any answer, read by %s,", (_name, bulk) => {
  let server: RawServer;
  let next: Buffer = Buffer.alloc(0);
  beforeAll(async () => {
    server = await startRawServer((_request, socket) => void socket.end(next));
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it("brings the bytes it announces, or an error of ours", { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(answer, fc.boolean(), async (bent, isWhole) => {
        next = format(bent);
        const client = createHttpClient({ idleTimeoutMs: 5_000 });
        const open = createRangeOpener(
          { ...client, send: (url, request) => client.send(url, { ...request, bulk }) },
          { describe: (response) => statusError(response, { authenticated: false }) },
        );
        const target = {
          url: `${server.origin}/x`,
          size: bytes.length,
          mayBeHtml: false,
          verifiable: true,
        };
        const range = isWhole ? { start: 0, end: 600 } : { start: 100, end: 600 };
        try {
          const opened = await open(target, range);
          expect(await readAll(opened)).toBe(opened.end - opened.start);
          expect(opened.end).toBeLessThanOrEqual(600);
          expect([0, range.start, 600]).toContain(opened.start);
        } catch (error) {
          if (!isStoreError(error)) throw error;
        }
      }),
      { numRuns: RUNS, ...(FULL ? {} : { seed: 20_261_121 }) },
    );
  });
});
