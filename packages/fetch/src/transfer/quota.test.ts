import { expect, it } from "vitest";

import { createQuota } from "./quota.ts";

it("lets in as much as there is, and the next in turn when some is given back", async () => {
  const quota = createQuota(10);
  const order: string[] = [];
  const first = await quota.take(6);
  const second = quota.take(6).then((release) => {
    order.push("second");
    return release;
  });
  const third = quota.take(1).then((release) => {
    order.push("third");
    return release;
  });
  await Promise.resolve();
  expect(order).toEqual([]);
  first();
  first();
  (await second)();
  (await third)();
  expect(order).toEqual(["second", "third"]);
  await quota.take(10);
});

it("counts more than there is as all of it", async () => {
  const quota = createQuota(10);
  const all = await quota.take(25);
  all();
  await quota.take(10);
});

it("lets go of those who give up, and lets on who stood behind them", async () => {
  const quota = createQuota(10);
  const release = await quota.take(5);
  const abort = new AbortController();
  const large = quota.take(10, { signal: abort.signal });
  const small = quota.take(5);
  abort.abort(new Error("enough"));
  await expect(large).rejects.toThrow("enough");
  (await small)();
  release();
  await quota.take(10);
});
