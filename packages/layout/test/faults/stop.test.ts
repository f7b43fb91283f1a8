import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { digestBytes, nodeFs, openLayout } from "@store/layout";
import { createFaultyFs, FsStopped } from "@store/layout/testing";

import { createScratch } from "../scratch.ts";
import { expectNoFindings, expectPresent, expectRightBytes, removeRoot } from "./check-store.ts";
import { listWrites, type Operation, operations, WRITES } from "./operations.ts";
import { createSimulatedMachine } from "./simulated-processes.ts";

/** Runs an operation in a process that ends at the n-th call, then looks at what is left. */
async function runAndStop(
  operation: Operation,
  kind: "stop" | "torn-write",
  at: number,
): Promise<{ readonly struck: boolean }> {
  const root = join(await createScratch("stop"), "models");
  const machine = createSimulatedMachine();
  const prepared = await openLayout(root, { processes: machine.start().processes });
  try {
    await operation.prepare(prepared);
    const first = machine.start();
    const fs = createFaultyFs(nodeFs, { kind, at }, kind === "stop" ? undefined : WRITES);
    const outcome = await openLayout(root, { fs, processes: first.processes })
      .then((layout) => operation.run(layout))
      .then(
        () => "done",
        (error: unknown) => error,
      );
    first.end();
    if (!fs.struck) expect(outcome).toBe("done");
    if (outcome !== "done" && !hasStopped(outcome)) throw outcome;

    const survivor = machine.start();
    const layout = await openLayout(root, { processes: survivor.processes });
    const { wrongAtFirst = false } = operation;
    await expectRightBytes(layout, wrongAtFirst ? operation.makes.map(digestBytes) : []);
    await expectPresent(layout, operation.keeps);
    if (outcome === "done") await expectPresent(layout, operation.makes);
    // The next attempt needs no manual step.
    await operation.run(layout);
    await expectPresent(layout, operation.keeps);
    await expectPresent(layout, operation.makes);
    await expectNoFindings(layout);
    return { struck: fs.struck };
  } finally {
    await removeRoot(prepared);
  }
}

function hasStopped(error: unknown): boolean {
  if (error instanceof FsStopped) return true;
  if (error instanceof SuppressedError)
    return hasStopped(error.error) || hasStopped(error.suppressed);
  return error instanceof Error && error.cause !== undefined && hasStopped(error.cause);
}

describe("a process that ends", () => {
  it.each(operations)(
    "at any call leaves a whole store: $name",
    async (operation) => {
      let points = 0;
      for (let at = 1; (await runAndStop(operation, "stop", at)).struck; at += 1) points += 1;
      expect(points).toBeGreaterThan(2);
    },
    120_000,
  );

  it.each(operations)(
    "half way through any write leaves a whole store: $name",
    async (operation) => {
      for (const at of await listWrites(operation))
        expect(await runAndStop(operation, "torn-write", at)).toEqual({ struck: true });
    },
    120_000,
  );
});
