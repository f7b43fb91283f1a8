import { createContent } from "@store/layout/testing";
import { expect, it } from "vitest";

import { createHuggingFaceSource, createRateLimit, pull } from "../src/index.ts";
import { createFakeHub, type FakeRepository } from "../src/testing/index.ts";
import { openPorts } from "./open-ports.ts";
import { createSleepClock } from "./sleep-clock.ts";

const BYTES_PER_SECOND = 1_000_000;
const LARGE_BYTES = 3_000_000;

/** Two files that come by ranges, one that comes whole, and some that come in one answer each. */
function repository(seed: number): FakeRepository {
  const files: Record<string, Uint8Array> = {
    "model-1.safetensors": createContent(LARGE_BYTES, seed),
    "model-2.safetensors": createContent(LARGE_BYTES, seed + 1),
    "tokenizer.model": createContent(300_000, seed + 2),
  };
  for (let index = 0; index < 8; index += 1) {
    files[`part-${index}.json`] = createContent(10_000, seed + 3 + index);
  }
  return { files };
}

const bytesOf = ({ files }: FakeRepository): number =>
  Object.values(files).reduce((sum, file) => sum + (file as Uint8Array).length, 0);

/**
 * Every byte is paid for, whichever way it took, and none regularly twice: a few may be, where a second
 * connection helps a slow one.
 */
function expectPaidFor(elapsedMs: number, bytes: number): void {
  const expectedMs = (bytes / BYTES_PER_SECOND) * 1000;
  expect(elapsedMs).toBeGreaterThanOrEqual(expectedMs - 1);
  expect(elapsedMs).toBeLessThan(expectedMs * 1.9);
}

it("holds for all files of a pull together, large and small, and for each connection", async () => {
  const model = repository(1);
  await using hub = await createFakeHub({ repositories: { "org/a": model } });
  await using store = await openPorts([createHuggingFaceSource({ endpoint: hub.endpoint })]);
  const clock = createSleepClock();
  const rateLimit = createRateLimit(BYTES_PER_SECOND, clock);
  const { bytesFetched } = await pull("hf.co/org/a", store.ports, { rateLimit, connections: 4 });
  expect(bytesFetched).toBe(bytesOf(model));
  expectPaidFor(clock.nowMs, bytesOf(model));
});

it("holds for all pulls of a process together that get the same one", async () => {
  const models = [repository(100), repository(200)] as const;
  await using hub = await createFakeHub({
    repositories: { "org/a": models[0], "org/b": models[1] },
  });
  await using store = await openPorts([createHuggingFaceSource({ endpoint: hub.endpoint })]);
  const clock = createSleepClock();
  const rateLimit = createRateLimit(BYTES_PER_SECOND, clock);
  await Promise.all([
    pull("hf.co/org/a", store.ports, { rateLimit }),
    pull("hf.co/org/b", store.ports, { rateLimit }),
  ]);
  expectPaidFor(clock.nowMs, bytesOf(models[0]) + bytesOf(models[1]));
});
