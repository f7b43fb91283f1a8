import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { collectContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { createHuggingFaceSource, createPolicy, pull } from "../src/index.ts";
import { createHastyTimers, openPorts } from "./open-ports.ts";

type ExpectedCode = Parameters<typeof expectStoreError>[1];

interface Answer {
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
  /** Name of the content that is the body. */
  readonly content?: string;
  readonly fault?: "drop" | "flip" | "short" | "no-length";
}

interface Recording {
  readonly contents: Readonly<Record<string, string>>;
  readonly scenarios: readonly {
    readonly name: string;
    readonly location: string;
    readonly answers: readonly Answer[];
    /** The files that must have arrived, or the code of the error. */
    readonly outcome: readonly string[] | ExpectedCode;
  }[];
}

const file = join(import.meta.dirname, "fixtures/hub-answers.json");
const recording = JSON.parse(await readFile(file, "utf8")) as Recording;
const contents: ReadonlyMap<string, Uint8Array> = new Map([
  ...Object.entries(recording.contents).map(
    ([name, text]) => [name, new TextEncoder().encode(text)] as const,
  ),
  // The one large file: the recording has its digest.
  ["big.bin", Uint8Array.from({ length: 80_080 }, (_, i) => i * 7 + Math.floor(i / 251))],
]);

describe("answered as the hub answers, a pull of", () => {
  it.each(recording.scenarios)("$name", async ({ location, answers, outcome }) => {
    await using hub = await replay(answers);
    const timers = createHastyTimers();
    const source = createHuggingFaceSource({ endpoint: hub.origin, timers });
    await using store = await openPorts([source], timers);
    const policy = createPolicy({ allowPickle: true });
    const pulled = pull(location, store.ports, { policy });
    if (typeof outcome === "string") {
      await expectStoreError(pulled, outcome);
      const blobs = [];
      for await (const digest of store.ports.blobs.list()) blobs.push(digest);
      expect(blobs).toEqual([]);
      return;
    }
    const { files } = await pulled;
    expect(files.map(({ path }) => path)).toEqual(outcome.toSorted());
    for (const { path, digest } of files) {
      const bytes = await collectContent(store.ports.blobs.read(digest));
      expect(bytes, path).toEqual(contents.get(path));
    }
  });
});

interface Replay extends AsyncDisposable {
  readonly origin: string;
}

async function replay(answers: readonly Answer[]): Promise<Replay> {
  const queues = new Map<string, Answer[]>();
  for (const answer of answers) {
    queues.set(answer.path, [...(queues.get(answer.path) ?? []), answer]);
  }
  const server = createServer((request, response) => {
    const [path = ""] = (request.url ?? "").split("?");
    const queue = queues.get(path) ?? [];
    const answer = queue.length > 1 ? queue.shift() : queue[0];
    if (answer === undefined) response.writeHead(500).end(`nothing recorded for ${path}`);
    else send(answer, request.headers.range, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function send(answer: Answer, rangeHeader: string | undefined, response: ServerResponse): void {
  const { status, headers, json, text = "", content, fault } = answer;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const whole = content === undefined ? undefined : contents.get(content);
  if (whole === undefined) {
    response.writeHead(status).end(json === undefined ? text : JSON.stringify(json));
    return;
  }
  const offered = fault === "short" ? whole.subarray(0, -5) : whole;
  const match = /^bytes=(\d+)-(\d*)$/.exec(rangeHeader ?? "");
  const start = match === null ? 0 : Number(match[1]);
  const last = match?.[2] ? Number(match[2]) : offered.length - 1;
  const body = Buffer.from(offered.subarray(start, last + 1));
  if (fault === "flip" && body.length > 0) body[0] = (body[0] ?? 0) ^ 1;
  if (match !== null) {
    response.setHeader(
      "content-range",
      `bytes ${start}-${start + body.length - 1}/${offered.length}`,
    );
  }
  if (fault === "no-length") {
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
  } else {
    response.setHeader("content-length", body.length);
  }
  response.writeHead(match === null ? status : 206);
  if (fault === "drop") {
    response.write(body.subarray(0, body.length / 2), () => response.destroy());
  } else {
    response.end(body);
  }
}
