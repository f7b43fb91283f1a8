import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { digestBytes, nodeFs, openLayout } from "@store/layout";
import { createFaultyFs, FsStopped } from "@store/layout/testing";

import { expectNoFindings, expectPresent, expectRightBytes, removeRoot } from "./check-store.ts";
import { type Operation, operations } from "./operations.ts";
import { createSimulatedMachine } from "./simulated-processes.ts";

/** Runs an operation in a process that ends at the n-th call, then looks at what is left. */
async function runAndStop(
  operation: Operation,
  kind: "stop" | "torn-write",
  at: number,
): Promise<{ readonly struck: boolean }> {
  const root = join(await mkdtemp(join(tmpdir(), "store-stop-")), "models");
  const machine = createSimulatedMachine();
  const prepared = await openLayout(root, { processes: machine.start().processes });
  try {
    await operation.prepare(prepared);
    const first = machine.start();
    const fs = createFaultyFs(nodeFs, { kind, at });
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
    const wrongAtFirst = operation.name.includes("wrong foreign");
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
  return error instanceof Error && error.cause !== undefined && hasStopped(error.cause);
}

describe.each(["stop", "torn-write"] as const)("a process that ends at any call (%s)", (kind) => {
  it.each(operations)(
    "leaves a whole store: $name",
    async (operation) => {
      let points = 0;
      for (let at = 1; (await runAndStop(operation, kind, at)).struck; at += 1) points += 1;
      expect(points).toBeGreaterThan(2);
    },
    120_000,
  );
});
