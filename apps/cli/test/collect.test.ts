import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";

import { generateSafetensors } from "@store/fetch/testing";
import { expect, it } from "vitest";

import { createSandbox, type Sandbox } from "./support/sandbox.ts";

const noFlock =
  process.platform !== "linux"
    ? "needs Linux"
    : spawnSync("flock", ["--version"]).status === 0
      ? undefined
      : "needs the flock program";

interface Plan {
  readonly digest: string;
  readonly takenAtMs: number;
  readonly candidates: readonly { readonly digest: string; readonly size: number }[];
  readonly reclaimBytes: number;
}

/** Two models: `a` and `b` share one file, and each has a file of its own. */
async function addPair(sandbox: Sandbox): Promise<void> {
  const shared = generateSafetensors({ sizeBytes: 64 * 1024, seed: "shared" });
  for (const name of ["a", "b"]) {
    const own = generateSafetensors({ sizeBytes: 32 * 1024, seed: name });
    for (const [path, file] of Object.entries(shared)) {
      await sandbox.write(`${name}/shared/${path}`, file.read(0, file.size));
    }
    for (const [path, file] of Object.entries(own)) {
      await sandbox.write(`${name}/own/${path}`, file.read(0, file.size));
    }
    await sandbox.run("pull", join(sandbox.home, name));
  }
}

async function digestsOf(sandbox: Sandbox, name: string): Promise<ReadonlySet<string>> {
  const shown = await sandbox.json("show", name);
  const files = shown["files"] as readonly { readonly digest: string }[];
  return new Set(files.map(({ digest }) => digest));
}

async function diskBytes(directory: string): Promise<number> {
  const seen = new Map<number, number>();
  for (const name of await readdir(directory, { recursive: true })) {
    const { ino, size, nlink, mode } = await stat(join(directory, name));
    if (nlink > 0 && (mode & 0o170000) === 0o100000) seen.set(ino, size);
  }
  return [...seen.values()].reduce((sum, size) => sum + size, 0);
}

/** What a plan says, without when it was said. */
function contentOf({ digest: _digest, takenAtMs: _takenAtMs, ...content }: Plan): object {
  return content;
}

it("frees nothing by removing a name, and exactly what only that name needed by sweeping", async () => {
  await using sandbox = await createSandbox();
  await addPair(sandbox);
  const ofA = await digestsOf(sandbox, "a");
  const ofB = await digestsOf(sandbox, "b");
  const onlyA = [...ofA].filter((digest) => !ofB.has(digest));
  expect(onlyA.length).toBeGreaterThan(0);
  expect(onlyA.length).toBeLessThan(ofA.size);

  const bytesBefore = await diskBytes(join(sandbox.models, "blobs"));
  const removed = await sandbox.run("rm", "a");
  expect(removed).toMatchObject({ code: 0, stderr: "" });
  expect(removed.stdout).toMatch(/^removed a:latest; `store gc` frees its \d blobs \(.+\)\n$/);
  expect(await diskBytes(join(sandbox.models, "blobs"))).toBe(bytesBefore);

  const before = await sandbox.snapshot();
  const planned = (await sandbox.json("gc", "--dry-run")) as { readonly plan: Plan };
  expect(await sandbox.snapshot()).toEqual(before);

  const swept = (await sandbox.json("gc")) as {
    readonly plan: Plan;
    readonly destroyed: readonly string[];
    readonly freedBytes: number;
  };
  expect(contentOf(swept.plan)).toEqual(contentOf(planned.plan));
  expect(swept.destroyed).toEqual(planned.plan.candidates.map(({ digest }) => digest));
  expect(swept.freedBytes).toBe(planned.plan.reclaimBytes);
  expect(swept.destroyed).toEqual(expect.arrayContaining(onlyA));
  // The manifest and its config are blobs that only the name needed, too.
  expect(swept.destroyed).toHaveLength(onlyA.length + 2);
  expect(swept.destroyed.some((digest) => ofB.has(digest))).toBe(false);
  const bytesAfter = await diskBytes(join(sandbox.models, "blobs"));
  expect(bytesBefore - bytesAfter).toBeGreaterThanOrEqual(swept.freedBytes);
  expect(await sandbox.run("verify", "b")).toMatchObject({ code: 0 });

  const again = await sandbox.run("gc");
  expect(again).toMatchObject({ code: 0, stdout: "freed 0 B: 0 blobs, 0 expired\n" });
});

it("shows a person the plan, and says of a run what it did", async () => {
  await using sandbox = await createSandbox();
  await sandbox.run("add", await sandbox.writeModel("m.gguf"));
  await sandbox.run("add", await sandbox.writeModel("kept.gguf", { seed: 2 }));
  await sandbox.run("rm", "m");
  const planned = await sandbox.run("gc", "--dry-run");
  expect(planned.stdout).toMatch(/^would free .*: 1 candidates?, 0 expired\n {2}candidate sha256:/);
  const swept = await sandbox.run("gc");
  expect(swept.stdout).toMatch(/^freed .*: 1 blob, 0 expired\n$/);
});

it("takes the files of a view with the model, and not before", async () => {
  await using sandbox = await createSandbox();
  await addPair(sandbox);
  for (const name of ["a", "b"]) await sandbox.run("path", name);
  const views = join(sandbox.models, ".store/views");
  expect(await readdir(views)).toHaveLength(2);
  await sandbox.run("gc");
  expect(await readdir(views)).toHaveLength(2);

  await sandbox.run("rm", "a");
  const bytesBefore = await diskBytes(sandbox.models);
  const { freedBytes } = (await sandbox.json("gc")) as { readonly freedBytes: number };
  expect(await readdir(views)).toHaveLength(1);
  // The bytes are gone, and were counted once.
  expect(bytesBefore - (await diskBytes(sandbox.models))).toBeGreaterThanOrEqual(freedBytes);
  expect(await sandbox.run("path", "b")).toMatchObject({ code: 0 });
});

it("keeps what a model replaced for as long as it may have been a mistake", async () => {
  await using sandbox = await createSandbox();
  const one = await sandbox.writeModel("one.gguf", { seed: 1 });
  const two = await sandbox.writeModel("two.gguf", { seed: 2 });
  await sandbox.run("add", one, "--as", "m");
  await sandbox.run("add", two, "--as", "m", "--force");
  const young = await sandbox.run("gc");
  expect(young.stdout).toBe(
    "freed 0 B: 0 blobs, 0 expired\nkept 1 blob without a name until the minimum age is over\n",
  );
  const now = await sandbox.run("gc", "--min-age", "0");
  expect(now.stdout).toMatch(/^freed .*: 1 blob, /);
});

it("does not take a store whose names are all gone for one that nobody needs", async () => {
  await using sandbox = await createSandbox();
  await sandbox.run("add", await sandbox.writeModel("m.gguf"));
  await rm(join(sandbox.models, "manifests"), { recursive: true });
  const refused = await sandbox.run("gc", "--min-age", "0");
  expect(refused).toMatchObject({ code: 4, stdout: "" });
  expect(refused.stderr).toMatch(/^store: .*not one name/);
  const allowed = await sandbox.run("gc", "--min-age", "0", "--allow-empty");
  expect(allowed.stdout).toMatch(/^freed .*: 1 blob, /);
});

it("takes what was left lying about, by its age and no other sign", async () => {
  await using sandbox = await createSandbox();
  await sandbox.run("add", await sandbox.writeModel("m.gguf"));
  const dayAgo = (days: number): Date => new Date(Date.now() - days * 86_400_000);
  const stamp = (date: Date): string => date.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const partial = (owner: string): string =>
    `models/blobs/sha256/00/.partial-${"0".repeat(64)}.${owner.repeat(16)}`;

  for (const [owner, days] of [
    ["a", 8],
    ["b", 6],
  ] as const) {
    const path = await sandbox.write(`${partial(owner)}/data.tmp`, "half a model");
    await utimes(path, dayAgo(days), dayAgo(days));
    await utimes(dirname(path), dayAgo(days), dayAgo(days));
  }
  const quarantine = "models/locks/quarantine";
  const old = `${stamp(dayAgo(31))}-digest-mismatch-0123456789abcdef`;
  // The bytes are old, their place in quarantine is not.
  const young = `${stamp(dayAgo(1))}-digest-mismatch-0123456789abcdef`;
  for (const name of [old, young]) {
    await sandbox.write(`${quarantine}/${name}.json`, "{}");
    const path = await sandbox.write(`${quarantine}/${name}.bin`, "wrong bytes");
    await utimes(path, dayAgo(90), dayAgo(90));
  }
  await sandbox.write(`${quarantine}/of-another-tool.bin`, "not ours to judge");

  const run = await sandbox.run("gc");
  expect(run).toMatchObject({ code: 0, stdout: "freed 23 B: 0 blobs, 2 expired\n" });
  expect(await readdir(join(sandbox.home, "models/blobs/sha256/00"))).toEqual([
    `.partial-${"0".repeat(64)}.${"b".repeat(16)}`,
  ]);
  expect((await readdir(join(sandbox.home, quarantine))).toSorted()).toEqual(
    [`${young}.bin`, `${young}.json`, "of-another-tool.bin"].toSorted(),
  );
});

it("removes all the names it is given or, if one is wrong, none", async () => {
  await using sandbox = await createSandbox();
  await sandbox.run("add", await sandbox.writeModel("a.gguf"));
  await sandbox.run("tag", "a", "b");
  expect(await sandbox.run("rm", "a", "typo")).toMatchObject({ code: 3, stdout: "" });
  expect((await sandbox.run("list", "-q")).stdout).toBe("a\nb\n");
  const both = await sandbox.run("rm", "a", "A", "b");
  expect(both.stdout).toMatch(
    /^removed a; other names need all of its bytes\nremoved b; `store gc` frees its 1 blob .*\n$/,
  );
  expect((await sandbox.run("list", "-q")).stdout).toBe("");
});

it("bounds quarantine by size, the oldest first, and its ages as it is told", async () => {
  await using sandbox = await createSandbox();
  const quarantine = join(sandbox.models, "locks/quarantine");
  const stamp = (daysAgo: number): string =>
    new Date(Date.now() - daysAgo * 86_400_000).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const nameOf = (daysAgo: number): string => `${stamp(daysAgo)}-wrong-0123456789abcdef.bin`;
  const names = [1, 2, 3, 4].map(nameOf);
  for (const name of names)
    await sandbox.write(`models/locks/quarantine/${name}`, "x".repeat(1000));
  expect((await sandbox.json("gc"))["expired"]).toEqual([]);
  await sandbox.run("gc", "--quarantine-max", "3KB");
  expect((await readdir(quarantine)).toSorted()).toEqual(names.slice(0, 3).toSorted());
  await sandbox.run("gc", "--quarantine-age", "2d");
  expect((await readdir(quarantine)).toSorted()).toEqual(names.slice(0, 1));
  await sandbox.run("gc", "--quarantine-age", "0");
  expect(await readdir(quarantine)).toEqual([]);
});

it.each([
  ["--min-age", "soon"],
  ["--partial-age", "1y"],
  ["--quarantine-age", "-1d"],
  ["--quarantine-max", "much"],
  ["--litter-age", "1"],
  ["--pack-live", "0.5"],
  ["--pack-live", "101%"],
])("refuses a policy it does not understand: %s %s", async (option, value) => {
  await using sandbox = await createSandbox();
  expect(await sandbox.run("gc", `${option}=${value}`)).toMatchObject({ code: 2, stdout: "" });
});

it("says which name keeps it from deleting anything, and can do without that name", async () => {
  await using sandbox = await createSandbox();
  await sandbox.run("add", await sandbox.writeModel("gone.gguf"));
  await sandbox.run("add", await sandbox.writeModel("kept.gguf", { seed: 2 }));
  await sandbox.run("rm", "gone");
  await sandbox.write("models/manifests/broken.json", "{");
  const refused = await sandbox.run("gc");
  expect(refused).toMatchObject({ code: 6, stdout: "" });
  expect(refused.stderr).toMatch(
    /^store: cannot tell what broken needs: .*broken\.json.*\nhint: .+\n$/,
  );
  expect(await sandbox.run("rm", "broken")).toMatchObject({ code: 0 });
  expect((await sandbox.json("gc"))["destroyed"]).toHaveLength(1);
});

it.skipIf(noFlock !== undefined)(
  `waits while another tool holds one of its locks${noFlock === undefined ? "" : ` (skipped: ${noFlock})`}`,
  async () => {
    await using sandbox = await createSandbox();
    await sandbox.run("add", await sandbox.writeModel("m.gguf"));
    await sandbox.run("rm", "m");
    const lock = await sandbox.write("models/locks/other.lock", "");
    const holder = spawn("flock", [lock, "sh", "-c", "echo held; cat"]);
    await once(holder.stdout, "data");
    try {
      expect(await sandbox.run("gc", "--dry-run")).toMatchObject({ code: 0 });
      const postponed = await sandbox.run("gc");
      expect(postponed).toMatchObject({ code: 5, stdout: "" });
      expect(postponed.stderr).toContain(`holds ${lock}, so nothing is deleted now`);
    } finally {
      holder.stdin.end();
      await once(holder, "exit");
    }
    expect((await sandbox.json("gc"))["destroyed"]).toHaveLength(1);
  },
);
