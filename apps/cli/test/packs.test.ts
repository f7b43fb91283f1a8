import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { expect, it } from "vitest";

import { createSandbox, type Sandbox } from "./support/sandbox.ts";

/** A model of some small files and one that is too large for a pack by default. */
async function addModel(sandbox: Sandbox): Promise<void> {
  await sandbox.write("m/config.json", JSON.stringify({ architectures: ["Tiny"], n: 1 }));
  await sandbox.write("m/tokenizer.json", JSON.stringify({ words: "many ".repeat(400) }));
  await sandbox.write("m/LICENSE", "Do as you like.\n".repeat(30));
  await sandbox.write("m/weights.bin", new Uint8Array(600_000).fill(7));
  await sandbox.run("pull", join(sandbox.home, "m"));
}

interface ShownFile {
  readonly path: string;
  readonly digest: string;
}

async function filesOf(sandbox: Sandbox): Promise<readonly ShownFile[]> {
  return (await sandbox.json("show", "m"))["files"] as readonly ShownFile[];
}

async function loose(sandbox: Sandbox): Promise<readonly string[]> {
  const names = await readdir(join(sandbox.models, "blobs/sha256"), { recursive: true });
  return names.filter((name) => name.endsWith("/data")).map((name) => dirname(name).slice(3));
}

const hexOf = (digest: string): string => digest.slice("sha256:".length);

it("packs small blobs, and everything goes on as before", async () => {
  await using sandbox = await createSandbox();
  await addModel(sandbox);
  const before = { show: await sandbox.json("show", "m"), list: await sandbox.json("list") };
  const would = await sandbox.json("pack", "--dry-run");
  const packed = await sandbox.json("pack");
  expect(packed["moved"]).toEqual(would["moved"]);
  // Three files, the manifest and its config.
  expect(packed["moved"]).toHaveLength(5);
  const files = await filesOf(sandbox);
  const weights = files.find(({ path }) => path === "weights.bin");
  expect(await loose(sandbox)).toEqual([hexOf(weights?.digest ?? "")]);

  expect(await sandbox.json("show", "m")).toEqual(before.show);
  expect(await sandbox.json("list")).toEqual(before.list);
  expect(await sandbox.json("verify")).toMatchObject({ ok: true, findings: [] });
  expect(await sandbox.json("verify", "m")).toMatchObject({ ok: true, findings: [] });
  const swept = await sandbox.json("gc", "--min-age", "0");
  expect(swept).toMatchObject({ destroyed: [], failed: [], expired: [] });
  expect(await sandbox.json("pack")).toMatchObject({ packs: [], moved: [] });
  const again = await sandbox.run("pull", join(sandbox.home, "m"));
  expect(again.code).toBe(0);
  expect(again.stderr).toContain("LICENSE is here");
});

it("brings back what a path is asked for", async () => {
  await using sandbox = await createSandbox();
  await addModel(sandbox);
  await sandbox.run("pack", "m");
  expect(await loose(sandbox)).toEqual([]);
  const one = await sandbox.run("path", "m", "LICENSE");
  expect(await readFile(one.stdout.trim(), "utf8")).toBe("Do as you like.\n".repeat(30));
  expect(await loose(sandbox)).toHaveLength(1);
  const all = await sandbox.run("path", "m");
  expect(await readFile(join(all.stdout.trim(), "weights.bin"))).toEqual(Buffer.alloc(600_000, 7));
  expect(await loose(sandbox)).toHaveLength(4);
});

it("unpacks by name, by digest and everything, and deletes emptied packs", async () => {
  await using sandbox = await createSandbox();
  await addModel(sandbox);
  const [first] = await filesOf(sandbox);
  const { moved } = (await sandbox.json("pack", "m")) as { readonly moved: readonly string[] };
  const one = await sandbox.json("unpack", first?.digest ?? "");
  expect(one).toMatchObject({ unpacked: [first?.digest], deleted: [] });
  const rest = await sandbox.json("unpack", "m");
  expect(rest["unpacked"]).toHaveLength(moved.length - 1);
  expect(rest["deleted"]).toHaveLength(1);
  expect(await readdir(join(sandbox.models, "packs"))).toEqual([]);
  await sandbox.run("pack", "m");
  expect((await sandbox.json("unpack", "--all"))["unpacked"]).toHaveLength(moved.length);
  expect(await sandbox.json("verify")).toMatchObject({ ok: true });
});

it("leaves alone what other tools open by its path, unless it is named", async () => {
  await using sandbox = await createSandbox();
  await sandbox.run("add", await sandbox.write("small.bin", "a small file"), "--as", "small");
  expect(await sandbox.json("pack")).toMatchObject({ moved: [] });
  expect((await sandbox.json("pack", "small"))["moved"]).toHaveLength(1);
  const { stdout } = await sandbox.run("path", "small");
  expect(await readFile(stdout.trim(), "utf8")).toBe("a small file");
});

it("sweeps packed blobs like any other", async () => {
  await using sandbox = await createSandbox();
  await addModel(sandbox);
  const { moved } = (await sandbox.json("pack", "m")) as { readonly moved: readonly string[] };
  await sandbox.run("rm", "m");
  const planned = (await sandbox.json("gc", "--dry-run")) as {
    readonly plan: { readonly candidates: readonly { readonly digest: string }[] };
  };
  expect(planned.plan.candidates.map(({ digest }) => digest)).toEqual(moved.toSorted());
  const swept = await sandbox.json("gc");
  expect(swept).toMatchObject({ destroyed: moved.toSorted(), skipped: [], failed: [] });
  expect(swept["freedBytes"]).toBeGreaterThan(0);
  expect(await readdir(join(sandbox.models, "packs"))).toEqual([]);
  expect(await readdir(join(sandbox.models, ".store/released"))).toEqual([]);
});

it("rewrites what is needed of a pack, and merges small packs", async () => {
  await using sandbox = await createSandbox();
  await addModel(sandbox);
  await sandbox.json("pack", "m", "--max-size", "500B");
  await sandbox.json("pack", "m");
  expect((await readdir(join(sandbox.models, "packs"))).length).toBe(6);
  const planned = await sandbox.json("repack", "--dry-run");
  expect(planned["plan"]).toMatchObject({ deletes: { length: 2 }, writes: { length: 1 } });
  expect(await sandbox.json("repack")).toMatchObject({ kept: [], deleted: { length: 2 } });
  expect((await readdir(join(sandbox.models, "packs"))).length).toBe(3);
  expect(await sandbox.json("verify")).toMatchObject({ ok: true, findings: [] });
  expect((await sandbox.run("repack")).stdout).toBe("nothing to do\n");
});

it("mends packs when asked to, and what is lost is pulled again", async () => {
  await using sandbox = await createSandbox();
  await addModel(sandbox);
  const { packs } = (await sandbox.json("pack")) as { readonly packs: readonly { id: string }[] };
  const fileOf = (kind: string): string =>
    join(sandbox.models, "packs", `pack-${packs[0]?.id}.${kind}`);
  const flip = async (path: string, at: number): Promise<void> => {
    const bytes = await readFile(path);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await rm(path);
    await writeFile(path, bytes);
  };

  await flip(fileOf("idx"), 20);
  await rm(fileOf("ids"));
  expect((await sandbox.run("verify")).code).toBe(6);
  const tables = await sandbox.run("verify", "--repair");
  expect(tables.stdout).toContain(`pack ${packs[0]?.id} has a new index\n`);
  expect(tables.stdout).toContain(`pack ${packs[0]?.id} has a new sidecar\n`);
  expect(await sandbox.json("verify")).toMatchObject({ ok: true, findings: [] });

  const dump = await sandbox.json("debug", "pack", packs[0]?.id ?? "");
  const { entries } = dump["contents"] as { entries: readonly { offset: number; size: number }[] };
  const largest = entries.toSorted((a, b) => b.size - a.size)[0];
  await flip(fileOf("dat"), (largest?.offset ?? 0) + 24 + 15);
  expect((await sandbox.run("verify", "m")).code).toBe(6);
  const { stdout } = await sandbox.run("verify", "m", "--repair");
  expect(stdout).toContain(`pack ${packs[0]?.id} is in quarantine, and 4 blobs of it in files`);
  expect(await loose(sandbox)).toHaveLength(5);
  expect((await sandbox.run("verify", "m")).code).toBe(6);
  expect((await sandbox.run("pull", join(sandbox.home, "m"))).code).toBe(0);
  expect(await sandbox.json("verify")).toMatchObject({ ok: true, findings: [] });
});

it("describes a pack in whatever state it is", async () => {
  await using sandbox = await createSandbox();
  await addModel(sandbox);
  const { packs } = (await sandbox.json("pack", "m")) as {
    readonly packs: readonly { readonly id: string; readonly count: number }[];
  };
  const [{ id, count } = { id: "", count: 0 }] = packs;
  const whole = await sandbox.run("debug", "pack", id);
  expect(whole.code).toBe(0);
  expect(whole.stdout).toContain(`${count} entries, ${count} with a SHA-256`);
  const index = join(sandbox.models, "packs", `pack-${id}.idx`);
  await sandbox.write("copy/x", "");
  const file = join(sandbox.home, "copy", `pack-${id}.dat`);
  await writeFile(file, (await readFile(index.replace(".idx", ".dat"))).subarray(0, 100));
  await writeFile(file.replace(".dat", ".idx"), await readFile(index));
  expect((await sandbox.run("debug", "pack", "0".repeat(16))).code).toBe(3);
  const cut = await sandbox.run("debug", "pack", file);
  expect(cut).toMatchObject({ code: 6 });
  expect(cut.stdout).toContain("ERR_STORE_PACK_TRUNCATED");
});

it("refuses what it cannot understand, before it does anything", async () => {
  await using sandbox = await createSandbox();
  await addModel(sandbox);
  const before = await sandbox.snapshot();
  for (const args of [
    ["pack", "--max-size", "5MiB"],
    ["pack", "--max-size", "x"],
    ["pack", "sha256:12"],
    ["unpack"],
    ["unpack", "m", "--all"],
    ["repack", "--min-live", "101"],
    ["debug", "blob", "x"],
    ["debug", "pack", "x"],
  ]) {
    expect(await sandbox.run(...args), args.join(" ")).toMatchObject({ code: 2, stdout: "" });
  }
  expect(await sandbox.run("pack", "absent")).toMatchObject({ code: 3 });
  expect(await sandbox.snapshot()).toEqual(before);
});
