import { inspect } from "node:util";

import { digestBytes, isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { bytes, type FaultCase, type Outcome, size } from "./fault-answers.ts";
import { faultTable } from "./fault-table.ts";
import { partFaultTable } from "./part-fault-table.ts";
import { createUrlPuller, type UrlPuller } from "./pull-url.ts";
import { notPlainRequests } from "./reader.ts";
import {
  askedRange,
  type RawHandler,
  type RawRequest,
  sendFile,
  sendRaw,
  startRawServer,
} from "./raw-server.ts";

const digest = digestBytes(bytes);
const secret = "hush";
const isProbe = ({ headers }: RawRequest): boolean => headers["range"] === "bytes=0-0";

interface Run {
  /** How often the server is wrong. */
  readonly times: number;
  /** Whether the first answer is sound, but breaks off. */
  readonly cut: boolean;
  /** Whether another server, which is asked first, sends to the one that is wrong. */
  readonly redirected?: boolean;
}

/** Pulls from a server that is wrong, and checks that no wrong byte, and no secret, got anywhere. */
async function outcomeOf(fault: FaultCase, { times, cut, redirected }: Run): Promise<Outcome> {
  let left = times;
  let toCut = cut;
  const answer: RawHandler = (request, socket) => {
    if (isProbe(request)) return sendFile(request, socket, bytes);
    if (toCut) {
      toCut = false;
      const headers = { etag: '"one"', "content-length": size };
      sendRaw(socket, { status: 200, headers, body: bytes.subarray(0, 120_000) });
      return puller.afterWrites(() => socket.destroy());
    }
    if (left === 0) return sendFile(request, socket, bytes);
    left -= 1;
    return fault.answer(request, socket, elsewhere.origin);
  };
  await using faulty = await startRawServer(answer);
  await using elsewhere = await startRawServer((request, socket) =>
    sendFile(request, socket, bytes),
  );
  await using front = await startRawServer(({ target }, socket) =>
    sendRaw(socket, { status: 307, headers: { location: `${faulty.origin}${target}` } }),
  );
  await using puller = await createUrlPuller({ headers: { "x-api-key": secret } });
  const home = redirected === true ? front : faulty;

  const { outcome, error } = await pullFrom(home.origin, puller);

  expect(home.requests[0]?.headers["x-api-key"]).toBe(secret);
  const foreign = [faulty, elsewhere].filter((server) => server !== home);
  expect(JSON.stringify(foreign.map(({ requests }) => requests))).not.toContain(secret);
  expect(inspect([error, puller.events], { depth: null })).not.toContain(secret);
  // A name and the right bytes, or neither.
  expect(await puller.listBlobs()).toEqual(outcome === "right" ? [digest] : []);
  expect(await listNames(puller)).toEqual(
    outcome === "right" ? [{ kind: "flat", name: "model" }] : [],
  );
  if (cut) expectKept(faulty.requests, fault);
  return outcome;
}

async function pullFrom(
  origin: string,
  puller: UrlPuller,
): Promise<{ readonly outcome: Outcome; readonly error?: unknown }> {
  try {
    const result = await puller.pull(`${origin}/model.gguf`);
    expect(digestBytes(await puller.bytesOf(result))).toBe(digest);
    expect(result.bytesFetched).toBe(size);
    return { outcome: "right" };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return { outcome: error.code as Outcome, error };
  }
}

async function listNames({ store }: UrlPuller): Promise<readonly unknown[]> {
  const names: unknown[] = [];
  for await (const { name } of store.ports.manifests.list()) names.push(name);
  return names;
}

/** What came before the cut is not asked for again, unless the server turned out to have no parts. */
function expectKept(requests: readonly RawRequest[], { restarts = false }: FaultCase): void {
  const whole = requests.findIndex((request) => askedRange(request, size) === undefined);
  const later = requests.slice(whole + 1);
  const starts = later
    .map((request) => askedRange(request, size)?.start)
    .filter((start) => start !== undefined || !restarts);
  expect(starts.length).toBeGreaterThan(0);
  for (const start of starts) expect(start).toBeGreaterThan(0);
}

describe.each([
  ["an answer with", faultTable, false],
  ["an answer that should be the rest, with", partFaultTable, true],
] as const)("%s", (_name, table, cut) => {
  it.each(Object.entries(table))("%s", async (_case, fault) => {
    // What is not plain is asked for once more in another way, and gets the same.
    const outcomes = await Promise.all([
      outcomeOf(fault, { times: notPlainRequests, cut }),
      outcomeOf(fault, { times: Infinity, cut }),
      outcomeOf(fault, { times: Infinity, cut, redirected: true }),
    ]);
    expect(outcomes).toEqual([fault.once, fault.always, fault.always]);
  });
});
