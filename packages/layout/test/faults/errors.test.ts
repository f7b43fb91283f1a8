import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { digestBytes, isStoreError, nodeFs, openLayout } from "@store/layout";
import { createFaultyFs, type FsFault } from "@store/layout/testing";
import { FULL } from "@store/testing";

import { openReceiveSlots } from "../../src/ingest/receive-slots.ts";
import { createScratch } from "../scratch.ts";
import {
  expectNoFindings,
  expectPresent,
  expectRightBytes,
  leftovers,
  removeRoot,
} from "./check-store.ts";
import { listWrites, type Operation, operations, WRITES } from "./operations.ts";

const ERRNOS = [
  "EIO",
  "ENOSPC",
  "EDQUOT",
  "EACCES",
  "EPERM",
  "EROFS",
  "EMFILE",
  "ENAMETOOLONG",
  "EXDEV",
  "EBUSY",
  "ESTALE",
  // Somebody is said to have removed it.
  "ENOENT",
];

/** Calls that only tidy up: one of them failing leaves something for the sweep, and no more. */
const TIDYING = /^(unlink|rmdir|close) /;

/** The slots that all ingests of this process share, held so that they outlive each of them. */
const slots = openReceiveSlots();
const SLOT_COUNT = slots.freeCount;

async function runAndFail(
  operation: Operation,
  fault: FsFault,
): Promise<{ readonly struck: boolean }> {
  const root = join(await createScratch("fail"), "models");
  const prepared = await openLayout(root);
  try {
    await operation.prepare(prepared);
    const fs = createFaultyFs(nodeFs, fault, fault.kind === "error" ? undefined : WRITES);
    const outcome = await openLayout(root, { fs })
      .then((layout) => operation.run(layout))
      .then(
        () => "done",
        (error: unknown) => error,
      );
    const where = `${fs.calls[fault.at - 1]} fails with ${JSON.stringify(fault)}`;
    if (outcome !== "done" && !isStoreError(outcome)) {
      throw new Error(`not a typed error when ${where}`, { cause: outcome });
    }
    expect(fs.openFiles, where).toBe(0);
    expect(slots.freeCount, where).toBe(SLOT_COUNT);
    // What is said to be gone and is not stays where it is, for the next sweep.
    const saysGone = fault.kind === "error" && fault.errno === "ENOENT";
    if (!saysGone && !TIDYING.test(fs.calls[fault.at - 1] ?? ""))
      expect(await leftovers(prepared), where).toEqual([]);

    const layout = await openLayout(root);
    const { wrongAtFirst = false } = operation;
    await expectRightBytes(layout, wrongAtFirst ? operation.makes.map(digestBytes) : []);
    await expectPresent(layout, operation.keeps);
    if (outcome === "done") await expectPresent(layout, operation.makes);
    await operation.run(layout);
    await expectPresent(layout, operation.keeps);
    await expectPresent(layout, operation.makes);
    await expectNoFindings(layout);
    return { struck: fs.struck };
  } finally {
    await removeRoot(prepared);
  }
}

describe("a file system that fails once", () => {
  it.each(operations.map((operation, index) => ({ ...operation, index })))(
    "is answered by a typed error, and nothing is lost or left behind: $name",
    async ({ index, ...operation }) => {
      // By default each call meets one of the errors, and another one in the next operation.
      const step = FULL ? 1 : ERRNOS.length;
      for (const [position, errno] of ERRNOS.entries()) {
        let struck = true;
        for (let at = 1 + ((position + index) % step); struck; at += step) {
          ({ struck } = await runAndFail(operation, { kind: "error", at, errno }));
        }
      }
    },
    FULL ? 3_600_000 : 240_000,
  );

  it.each(operations)(
    "is found out when it writes less than it was given: $name",
    async (operation) => {
      for (const at of await listWrites(operation)) {
        const { struck } = await runAndFail(operation, { kind: "short-write", at });
        expect(struck).toBe(true);
      }
    },
    120_000,
  );
});
