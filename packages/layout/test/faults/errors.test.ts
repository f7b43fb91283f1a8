import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { digestBytes, isStoreError, nodeFs, openLayout } from "@store/layout";
import { createFaultyFs, type FsFault } from "@store/layout/testing";

import {
  expectNoFindings,
  expectPresent,
  expectRightBytes,
  leftovers,
  removeRoot,
} from "./check-store.ts";
import { type Operation, operations } from "./operations.ts";

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
];

/** Calls that only tidy up: one of them failing leaves something for the sweep, and no more. */
const TIDYING = /^(unlink|rmdir|close) /;

async function runAndFail(
  operation: Operation,
  fault: FsFault,
): Promise<{ readonly struck: boolean }> {
  const root = join(await mkdtemp(join(tmpdir(), "store-fail-")), "models");
  const prepared = await openLayout(root);
  try {
    await operation.prepare(prepared);
    const fs = createFaultyFs(nodeFs, fault);
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
    if (!TIDYING.test(fs.calls[fault.at - 1] ?? ""))
      expect(await leftovers(prepared), where).toEqual([]);

    const layout = await openLayout(root);
    const wrongAtFirst = operation.name.includes("wrong foreign");
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
  it.each(operations)(
    "is answered by a typed error, and nothing is lost or left behind: $name",
    async (operation) => {
      // By default each call meets a sixth of the errors; all of them with STORE_TEST_FULL.
      const step = process.env["STORE_TEST_FULL"] === undefined ? 6 : 1;
      for (const [shift, errno] of ERRNOS.entries()) {
        let struck = true;
        for (let at = 1 + (shift % step); struck; at += step) {
          ({ struck } = await runAndFail(operation, { kind: "error", at, errno }));
        }
      }
    },
    240_000,
  );

  it.each(operations)(
    "is found out when it writes less than it was given: $name",
    async (operation) => {
      let struck = true;
      for (let at = 1; struck; at += 1) {
        ({ struck } = await runAndFail(operation, { kind: "short-write", at }));
      }
    },
    120_000,
  );
});
