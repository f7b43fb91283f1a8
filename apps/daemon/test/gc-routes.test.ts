import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { GcPlan } from "@store/gc";
import type { Digest } from "@store/layout";
import { createContent } from "@store/layout/testing";
import { parseName } from "@store/manifest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { type Ask, createAsk, errorOf } from "./support/ask.ts";
import { ABSENT_DIGEST, createTestStore, type TestStore } from "./support/test-store.ts";

let store: TestStore;
let ask: Ask;

beforeEach(async () => {
  store = await createTestStore();
  ask = createAsk(store, { allowChanges: true });
});

afterEach(() => store[Symbol.asyncDispose]());

async function json<T>(path: string, method = "GET"): Promise<T> {
  const response = await ask(path, {}, { method });
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

const refused = async (path: string, method = "GET", headers = {}) =>
  errorOf(await ask(path, headers, { method }));

interface Report {
  readonly freedBytes: number;
  readonly destroyed: readonly string[];
  readonly plan: GcPlan;
}

/** Two names, of which the second is removed. */
async function addModels(): Promise<{ kept: Digest; released: Digest }> {
  const [kept, released] = [
    await store.add(createContent(100, 1)),
    await store.add(createContent(200, 2)),
  ];
  await store.name("kept", kept, 100);
  await store.name("gone", released, 200);
  await store.manifests.remove(parseName("gone").name!);
  return { kept, released };
}

async function isThere(digest: Digest): Promise<boolean> {
  return (await store.blobs.stat(digest)) !== undefined;
}

describe("sweeping over HTTP", () => {
  it("plans without changing anything, and then carries out that very plan, once", async () => {
    const { kept, released } = await addModels();
    const before = (await readdir(store.root, { recursive: true })).sort();
    const plan = await json<GcPlan>("/v1/gc/plan");
    expect(plan.candidates).toEqual([{ digest: released, size: 200, reason: "released" }]);
    expect((await readdir(store.root, { recursive: true })).sort()).toEqual(before);
    const report = await json<Report>(`/v1/gc/sweep?plan=${plan.digest}`, "POST");
    expect(report).toMatchObject({ freedBytes: 200, destroyed: [released], plan });
    expect([await isThere(kept), await isThere(released)]).toEqual([true, false]);
    const again = await refused(`/v1/gc/sweep?plan=${plan.digest}`, "POST");
    expect(again).toEqual({ status: 409, kind: "conflict", code: "ERR_STORE_PLAN_STALE" });
  });

  it("keeps what a name began to need after the plan", async () => {
    const { released } = await addModels();
    const plan = await json<GcPlan>("/v1/gc/plan");
    await store.name("again", released, 200);
    const report = await json<Report>(`/v1/gc/sweep?plan=${plan.digest}`, "POST");
    expect(report).toMatchObject({ freedBytes: 0, destroyed: [], restored: [released] });
  });

  it("sweeps without a plan, and then finds nothing to do", async () => {
    await addModels();
    expect(await json("/v1/gc/sweep", "POST")).toMatchObject({ freedBytes: 200 });
    expect(await json("/v1/gc/sweep", "POST")).toMatchObject({ freedBytes: 0, destroyed: [] });
  });

  it("deletes nothing while a name cannot be read, and says so without a path", async () => {
    const { released } = await addModels();
    await mkdir(join(store.root, "manifests/h/n/m"), { recursive: true });
    await writeFile(join(store.root, "manifests/h/n/m/t"), "{");
    const response = await ask("/v1/gc/sweep", {}, { method: "POST" });
    const text = await response.text();
    expect(text).toContain("ERR_STORE_ROOT_UNREADABLE");
    expect(text).toContain("h/n/m:t");
    expect(text).not.toContain(store.root);
    expect(await isThere(released)).toBe(true);
  });

  it("does nothing for a parameter it does not know", async () => {
    const { released } = await addModels();
    for (const query of ["dryRun=1", "plan=a&plan=b", `plan=${ABSENT_DIGEST}`]) {
      expect((await refused(`/v1/gc/sweep?${query}`, "POST")).status).toBeGreaterThanOrEqual(400);
    }
    expect(await isThere(released)).toBe(true);
  });
});

describe("who may change something over HTTP", () => {
  const changes = [
    ["POST", "/v1/gc/sweep"],
    ["PUT", "/v1/pins/kept"],
    ["DELETE", "/v1/pins/kept"],
  ] as const;

  it.each(changes)("nobody, unless the daemon was told so: %s %s", async (method, path) => {
    const { released } = await addModels();
    ask = createAsk(store);
    expect(await refused(path, method)).toMatchObject({ status: 405 });
    expect(await isThere(released)).toBe(true);
  });

  it.each(changes)("no page of another site: %s %s", async (method, path) => {
    const { released } = await addModels();
    const pages = [
      { origin: "http://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { host: "evil.example:11777" },
    ];
    for (const headers of pages) expect((await refused(path, method, headers)).status).toBe(403);
    expect(await isThere(released)).toBe(true);
    expect(await json("/v1/pins")).toEqual({ pins: [] });
  });

  it("reads with methods that read: no sweep by GET or HEAD", async () => {
    const { released } = await addModels();
    expect((await ask("/v1/gc/sweep")).status).toBe(404);
    expect((await ask("/v1/gc/sweep", {}, { method: "HEAD" })).status).toBe(404);
    expect(await isThere(released)).toBe(true);
  });
});

describe("pins over HTTP", () => {
  it("keep what they pin until they are taken away", async () => {
    const { released } = await addModels();
    const pin = await json(`/v1/pins/${released}?reason=mine&until=2999-01-01T00:00:00Z`, "PUT");
    expect(pin).toMatchObject({
      subject: released,
      reason: "mine",
      until: "2999-01-01T00:00:00.000Z",
      holds: true,
      digests: [released],
    });
    expect(await json("/v1/pins")).toEqual({ pins: [pin] });
    expect(await json("/v1/gc/sweep", "POST")).toMatchObject({ freedBytes: 0 });
    expect(await json(`/v1/pins/${released}`, "DELETE")).toEqual(pin);
    expect(await json("/v1/gc/sweep", "POST")).toMatchObject({ freedBytes: 200 });
  });

  it("refuse what is not there, and words that make no sense", async () => {
    await addModels();
    expect(await refused("/v1/pins/nothing", "PUT")).toMatchObject({ status: 404 });
    expect(await refused(`/v1/pins/${ABSENT_DIGEST}`, "PUT")).toMatchObject({ status: 404 });
    expect(await refused("/v1/pins/kept", "DELETE")).toMatchObject({ status: 404 });
    const queries = ["until=yesterday", "until=2001-01-01T00:00:00Z", `reason=${"x".repeat(1001)}`];
    for (const query of [...queries, "forever=1"]) {
      expect(await refused(`/v1/pins/kept?${query}`, "PUT")).toMatchObject({ status: 400 });
    }
    expect(await refused("/v1/pins/..%2Fx", "PUT")).toMatchObject({ status: 400 });
    expect(await json("/v1/pins")).toEqual({ pins: [] });
  });
});

it("says what keeps each blob of a name, and why another one goes", async () => {
  const { kept, released } = await addModels();
  expect(await json("/v1/why/kept")).toMatchObject({
    subject: "kept",
    blobs: [{ digest: kept, verdict: "referenced", names: ["kept"], leases: [], pins: [] }],
  });
  expect(await json(`/v1/why/${released}`)).toMatchObject({
    blobs: [{ digest: released, verdict: "released", names: [] }],
  });
  expect(await json(`/v1/why/${ABSENT_DIGEST}`)).toMatchObject({ blobs: [{ verdict: "absent" }] });
  expect(await refused("/v1/why/nothing")).toMatchObject({ status: 404 });
});
