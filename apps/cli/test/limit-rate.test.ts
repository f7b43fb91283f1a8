import { chmod, writeFile } from "node:fs/promises";

import { systemTimers } from "@store/fetch";
import { createFakeHub, type FakeHub, generateGguf } from "@store/fetch/testing";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";

import { runHere } from "./support/run-here.ts";
import type { StoreRun } from "./support/run-store.ts";
import { createSandbox, type Sandbox } from "./support/sandbox.ts";

const MIB = 1024 * 1024;
const one = generateGguf({ sizeBytes: 2 * MIB, seed: "one" });
const two = generateGguf({ sizeBytes: MIB, seed: "two" });

let hub: FakeHub;
beforeAll(async () => {
  const files = { "one.gguf": one, "two.gguf": two, "config.json": "{}" };
  hub = await createFakeHub({ repositories: { "org/m": { files } } });
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => hub.close());

/** Runs a command whose pauses take no time, and answers how late the last of them would have ended. */
async function lastPauseOf(
  sandbox: Sandbox,
  ...args: readonly string[]
): Promise<{ readonly run: StoreRun; readonly ms: number }> {
  const startMs = systemTimers.elapsedMs();
  let ms = 0;
  vi.spyOn(systemTimers, "sleep").mockImplementation(async (delayMs) => {
    ms = Math.max(ms, systemTimers.elapsedMs() + delayMs - startMs);
  });
  const env = { HF_ENDPOINT: hub.endpoint };
  const run = await runHere(args, { home: sandbox.home, env });
  return { run, ms };
}

const MODEL = ["hf.co/org/m", "--include", "*.gguf", "--include", "*.json"] as const;

it("makes a pull take as long as its bytes do at that rate, all files together", async () => {
  await using sandbox = await createSandbox();
  const { run, ms } = await lastPauseOf(sandbox, "pull", ...MODEL, "--limit-rate", "1MiB");
  expect(run).toMatchObject({ code: 0 });
  expect(ms).toBeGreaterThanOrEqual(((one.size + two.size) / MIB) * 1000);
});

it("leaves a pull alone that has none", async () => {
  await using sandbox = await createSandbox();
  const { run, ms } = await lastPauseOf(sandbox, "pull", ...MODEL);
  expect(run).toMatchObject({ code: 0 });
  expect(ms).toBe(0);
});

it("holds for what a repair fetches", async () => {
  await using sandbox = await createSandbox();
  await lastPauseOf(sandbox, "pull", "hf.co/org/m/one.gguf");
  const path = (await lastPauseOf(sandbox, "path", "one")).run.stdout.trimEnd();
  await chmod(path, 0o644);
  const bytes = one.read(0, one.size);
  await writeFile(path, bytes.with(MIB, (bytes[MIB] ?? 0) ^ 1));
  const { run, ms } = await lastPauseOf(sandbox, "repair", "one", "--limit-rate", "1MiB");
  expect(run).toMatchObject({ code: 0 });
  expect(ms).toBeGreaterThanOrEqual((one.size / MIB) * 1000);
});
