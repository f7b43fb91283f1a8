import { expect, it } from "vitest";

import { createSandbox } from "./support/sandbox.ts";

const digest = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/);
const count = expect.any(Number);

/** The keys a program may rely on: leaving one out, or renaming it, is a breaking change. */
it("answers every command with a document of fixed keys", async () => {
  await using sandbox = await createSandbox();
  const path = await sandbox.writeModel("m.gguf", { license: "mit" });

  expect(await sandbox.json("where")).toEqual({
    home: sandbox.models,
    exists: false,
    writable: true,
  });
  expect(await sandbox.json("add", path)).toEqual({
    name: "m",
    digest,
    blob: digest,
    size: count,
    format: "gguf",
    warnings: [],
  });
  expect(await sandbox.json("list")).toEqual({
    home: sandbox.models,
    models: [
      {
        name: "m",
        kind: "flat",
        digest,
        size: count,
        format: "gguf",
        files: 1,
        modifiedAt: time,
        source: null,
      },
    ],
  });
  expect(await sandbox.json("list", "--quiet")).toEqual({ names: ["m"] });
  const kept = [{ path: "m.gguf", digest, size: count }];
  expect(await sandbox.json("diff", "m", "M")).toEqual({
    before: "m",
    after: "m",
    added: [],
    removed: [],
    changed: [],
    kept,
    bytes: { added: 0, removed: 0, kept: count },
  });
  expect(await sandbox.json("show", "m")).toEqual({
    name: "m",
    kind: "v1",
    manifest: { path: expect.stringMatching(/manifests\/m\.json$/), digest, size: count },
    size: count,
    format: "gguf",
    license: "mit",
    source: null,
    producedBy: expect.stringMatching(/^store\//),
    producedAt: time,
    files: [{ path: "m.gguf", role: "weights", digest, size: count, present: true }],
    facts: {
      format: "gguf",
      name: "Generated",
      architecture: "llama",
      parameterCount: count,
      tensorCount: count,
      quantization: "F16",
      contextLength: 2048,
      license: "mit",
      chatTemplate: false,
    },
    warnings: [],
  });
  expect(await sandbox.json("path", "m")).toEqual({
    name: "m",
    digest,
    kind: "file",
    path: expect.stringMatching(/\/data$/),
  });
  expect(await sandbox.json("tag", "m", "n")).toEqual({ from: "m", to: "n", digest });
  expect(await sandbox.json("verify")).toEqual({
    ok: true,
    mode: "full",
    checked: { blobs: 1, packs: 0, bytes: count },
    findings: [],
    quarantined: [],
    mended: [],
  });
  const pin = {
    subject: "m",
    reason: "why",
    pinnedAt: time,
    until: time,
    holds: true,
    digests: [digest],
  };
  expect(await sandbox.json("pin", "m", "--reason", "why", "--until", "1d")).toEqual(pin);
  expect(await sandbox.json("pins")).toEqual({ pins: [pin] });
  expect(await sandbox.json("why", "m")).toEqual({
    subject: "m",
    blobs: [
      {
        digest,
        verdict: "referenced",
        names: ["m", "n"],
        leases: [],
        pins: [{ subject: "m", reason: "why" }],
        orphanAgeMs: null,
      },
    ],
  });
  expect(await sandbox.json("unpin", "m")).toEqual({ subject: "m" });
  expect(await sandbox.json("rm", "m", "n")).toEqual({
    removed: [
      { name: "m", released: [], releasedBytes: 0 },
      { name: "n", released: [digest], releasedBytes: count },
    ],
  });
  const plan = {
    version: 1,
    digest,
    takenAtMs: count,
    candidates: [{ digest, size: count, reason: "released" }],
    kept: expect.objectContaining({ referenced: 0, young: 0 }),
    dangling: [],
    packs: [],
    expired: [],
    trashed: [],
    newOrphans: [],
    reclaimBytes: count,
  };
  expect(await sandbox.json("gc", "--dry-run")).toEqual({ dryRun: true, plan });
  expect(await sandbox.json("gc")).toEqual({
    dryRun: false,
    plan,
    freedBytes: count,
    destroyed: [digest],
    restored: [],
    skipped: [],
    expired: [],
    failed: [],
  });
});

it("says in the document what exit code and text say", async () => {
  await using sandbox = await createSandbox();
  await sandbox.write("models/manifests/broken.json", "{");
  const list = await sandbox.run("list", "--json");
  expect(list).toMatchObject({ code: 6, stderr: "" });
  expect(JSON.parse(list.stdout)).toMatchObject({
    models: [{ name: "broken", error: { kind: "corrupt", code: "ERR_STORE_MANIFEST_INVALID" } }],
  });
  const verify = await sandbox.run("verify", "--json");
  expect(verify.code).toBe(6);
  expect(JSON.parse(verify.stdout)).toMatchObject({
    ok: false,
    findings: [{ severity: "error", subject: "broken", code: "ERR_STORE_MANIFEST_INVALID" }],
  });
});

it("prints a stack only for people who ask for it", async () => {
  await using sandbox = await createSandbox();
  const env = { STORE_DEBUG: "1" };
  expect((await sandbox.spawn(["show", "x"], { env })).stderr).toMatch(/\n {4}at .*find-model\.ts/);
  expect((await sandbox.spawn(["show", "x"])).stderr).not.toContain("    at ");
});
