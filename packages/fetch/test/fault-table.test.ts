import { digestBytes, isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { bytes, type FaultCase, faultTable, type Outcome, partFaultTable } from "./fault-table.ts";
import { createUrlPuller } from "./pull-url.ts";
import { notPlainRequests } from "./reader.ts";
import { type RawRequest, sendFile, sendRaw, startRawServer } from "./raw-server.ts";

const digest = digestBytes(bytes);
const isProbe = ({ headers }: RawRequest): boolean => headers["range"] === "bytes=0-0";

/** Pulls from a server that is wrong so many times, and checks that no wrong byte got anywhere. */
async function outcomeOf(
  { answer }: FaultCase,
  { times, cut }: { readonly times: number; readonly cut: boolean },
): Promise<Outcome> {
  let left = times;
  let toCut = cut;
  await using server = await startRawServer((request, socket) => {
    if (isProbe(request)) return sendFile(request, socket, bytes);
    if (toCut) {
      toCut = false;
      const headers = { etag: '"one"', "content-length": bytes.length };
      sendRaw(socket, { status: 200, headers, body: bytes.subarray(0, 120_000) });
      return puller.afterWrites(() => socket.destroy());
    }
    if (left === 0) return sendFile(request, socket, bytes);
    left -= 1;
    return answer(request, socket);
  });
  await using puller = await createUrlPuller();
  let outcome: Outcome;
  try {
    const result = await puller.pull(`${server.origin}/model.gguf`);
    expect(await puller.bytesOf(result)).toEqual(bytes);
    // Less than a checkpoint was there, so all of it may come twice, but not a third time.
    expect(result.bytesFetched).toBeLessThanOrEqual(2 * bytes.length);
    outcome = "right";
  } catch (error) {
    if (!isStoreError(error)) throw error;
    outcome = error.code as Outcome;
  }
  const blobs = await puller.listBlobs();
  expect(blobs.filter((blob) => blob !== digest && outcome !== "right")).toEqual([]);
  // A name and the right bytes, or neither.
  expect(blobs.includes(digest)).toBe(outcome === "right");
  return outcome;
}

describe.each([
  ["an answer with", faultTable, false],
  ["an answer that should be the rest, with", partFaultTable, true],
] as const)("%s", (_name, table, cut) => {
  it.each(Object.entries(table))("%s", async (_case, fault) => {
    // What is not plain is asked for once more in another way, and gets the same.
    expect(await outcomeOf(fault, { times: notPlainRequests, cut })).toBe(fault.once);
    expect(await outcomeOf(fault, { times: Infinity, cut })).toBe(fault.always);
  });
});
