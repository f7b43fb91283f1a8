import { chmod, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join, relative } from "node:path";

import { generateGguf, generateSafetensors } from "@store/fetch/testing";
import { expect, it } from "vitest";

import { createSandbox } from "./support/sandbox.ts";

it("adds a file under its own name, and hands it out again", async () => {
  await using sandbox = await createSandbox();
  const path = await sandbox.writeModel("My Model-F16.gguf", { license: "mit" });

  const added = await sandbox.run("add", path);
  expect(added).toMatchObject({ code: 0, stderr: "" });
  expect(added.stdout).toMatch(/^added My Model-F16\.gguf \(.*\) as My-Model-F16\n$/);

  const listed = await sandbox.run("list");
  expect(listed.stdout).toMatch(/^NAME {10,}SIZE {3}FORMAT {3}MODIFIED {3}SOURCE\nMy-Model-F16 /);
  expect(listed.stdout).toContain("gguf     just now");
  expect((await sandbox.run("ls", "--quiet")).stdout).toBe("My-Model-F16\n");

  const shown = await sandbox.run("show", "my-model-f16");
  expect(shown).toMatchObject({ code: 0, stderr: "" });
  for (const fact of ["llama", "F16", "2048 tokens", "mit", "weights"]) {
    expect(shown.stdout).toContain(fact);
  }

  const printed = await sandbox.run("path", "My-Model-F16");
  expect(printed.stdout).toMatch(/\/models\/blobs\/sha256\/..\/[0-9a-f]{64}\/data\n$/);
  expect(await readFile(printed.stdout.trimEnd())).toEqual(await readFile(path));

  const verified = await sandbox.run("verify");
  expect(verified).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^all is well: 1 blob/),
  });
});

it("says what one model has that another has not", async () => {
  await using sandbox = await createSandbox();
  await sandbox.run("add", await sandbox.writeModel("m.gguf"), "--as", "one");
  await sandbox.run("add", await sandbox.writeModel("n.gguf", { license: "mit" }), "--as", "two");
  await sandbox.run("tag", "one", "me/one:v1");

  const differ = await sandbox.run("diff", "one", "two");
  expect(differ).toMatchObject({ code: 0, stderr: "" });
  expect(differ.stdout).toMatch(
    /^added {5}n\.gguf {3}.+\nremoved {3}m\.gguf {3}.+\n.+ KiB added, .+ KiB removed, 0 B kept\n$/,
  );
  // The reference has a configuration of its own, which the flat name has not.
  expect((await sandbox.run("diff", "one", "me/one:v1")).stdout).toMatch(
    /^kept {3}m\.gguf {3}.+\n.+ B added, 0 B removed, .+ KiB kept\n$/,
  );
  expect(await sandbox.run("diff", "one", "three")).toMatchObject({ code: 3, stdout: "" });
});

it("gives a file its own name, beside the one a runtime does not care about", async () => {
  await using sandbox = await createSandbox();
  const path = await sandbox.writeModel("m.gguf");
  await sandbox.run("add", path);
  const run = await sandbox.run("path", "m", "m.gguf");
  expect(run.stdout).toMatch(/\/\.store\/views\/[0-9a-f]{64}\/m\.gguf\n$/);
  expect(await readFile(run.stdout.trimEnd())).toEqual(await readFile(path));
  expect(await sandbox.run("path", "m", "other.gguf")).toMatchObject({ code: 3, stdout: "" });
});

it("adds without copying when it is told to", async () => {
  await using sandbox = await createSandbox();
  const path = await sandbox.writeModel("m.gguf");
  await sandbox.run("add", "--link", path);
  const run = await sandbox.run("path", "m");
  expect((await stat(run.stdout.trimEnd())).ino).toBe((await stat(path)).ino);
});

it("puts the files of a model side by side, once", async () => {
  await using sandbox = await createSandbox();
  const files = generateSafetensors({ sizeBytes: 64 * 1024, shardCount: 3 });
  for (const [name, file] of Object.entries(files)) {
    await sandbox.write(join("sharded", name), file.read(0, file.size));
  }
  const pulled = await sandbox.run("pull", join(sandbox.home, "sharded"));
  expect(pulled).toMatchObject({ code: 0 });

  const first = await sandbox.run("path", "sharded");
  expect(first).toMatchObject({ code: 0, stderr: "" });
  const directory = first.stdout.trimEnd();
  for (const [name, file] of Object.entries(files)) {
    const target = join(directory, name);
    expect(Buffer.from(file.read(0, file.size)).equals(await readFile(target))).toBe(true);
    // A further name of the blob's own file: no byte is there twice.
    expect((await stat(target)).nlink).toBe(2);
  }
  const second = await sandbox.run("path", "sharded");
  expect(second.stdout).toBe(first.stdout);
});

it("makes a file that was changed under its name anew, and keeps what it held", async () => {
  await using sandbox = await createSandbox();
  const path = await sandbox.writeModel("m.gguf");
  await sandbox.run("add", path);
  const first = (await sandbox.run("path", "m", "m.gguf")).stdout.trimEnd();
  await rm(first);
  await sandbox.write(relative(sandbox.home, first), "something else");
  const second = await sandbox.run("path", "m", "m.gguf");
  expect(second).toMatchObject({ code: 0, stdout: `${first}\n` });
  expect(await readFile(first)).toEqual(await readFile(path));
  const quarantine = join(sandbox.models, "locks/quarantine");
  const kept = (await readdir(quarantine)).find((name) => name.endsWith(".bin")) ?? "";
  expect(await readFile(join(quarantine, kept), "utf8")).toBe("something else");
});

it("opens a split GGUF model by its first part, with the others beside it", async () => {
  await using sandbox = await createSandbox();
  const names = ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"];
  for (const [seed, name] of names.entries()) {
    await sandbox.writeModel(join("split", name), { seed });
  }
  await sandbox.run("pull", join(sandbox.home, "split"));
  const run = await sandbox.run("path", "split");
  expect(run.stdout).toMatch(/\/m-00001-of-00002\.gguf\n$/);
  const other = run.stdout.trimEnd().replace("00001-of", "00002-of");
  expect((await stat(other)).isFile()).toBe(true);
});

it("does not give a name away that is taken, and takes the same bytes again without a word", async () => {
  await using sandbox = await createSandbox();
  const one = await sandbox.writeModel("one.gguf", { seed: 1 });
  const two = await sandbox.writeModel("two.gguf", { seed: 2 });
  await sandbox.run("add", one, "--as", "m");
  expect(await sandbox.run("add", one, "--as", "m")).toMatchObject({ code: 0 });
  const before = await sandbox.snapshot();

  const refused = await sandbox.run("add", two, "--as", "m");
  expect(refused).toMatchObject({ code: 4, stdout: "" });
  expect(refused.stderr).toBe(
    "store: m exists already\nhint: Choose another name, remove this one first, or replace it with --force.\n",
  );
  await sandbox.run("add", two);
  expect(await sandbox.run("tag", "two", "m")).toMatchObject({ code: 4 });
  for (const line of before.filter((text) => !text.endsWith("/"))) {
    expect(await sandbox.snapshot()).toContain(line);
  }

  expect(await sandbox.run("add", two, "--as", "m", "--force")).toMatchObject({ code: 0 });
  const run = await sandbox.run("path", "m");
  expect(await readFile(run.stdout.trimEnd())).toEqual(await readFile(two));
});

it("adds under a reference as well", async () => {
  await using sandbox = await createSandbox();
  const path = await sandbox.writeModel("m.gguf");
  expect(await sandbox.run("add", path, "--as", "me/m:v1")).toMatchObject({ code: 0 });
  expect((await sandbox.run("list", "-q")).stdout).toBe("registry.ollama.ai/me/m:v1\n");
  expect((await sandbox.run("path", "me/m:v1")).stdout).toMatch(/\/data\n$/);
  expect(await sandbox.run("verify")).toMatchObject({ code: 0 });
});

it("says what is wrong with a header, and keeps the file all the same", async () => {
  await using sandbox = await createSandbox();
  const path = await sandbox.write("fake.gguf", "<!doctype html>");
  const added = await sandbox.run("add", path);
  expect(added.code).toBe(0);
  expect(added.stderr).toContain("fake.gguf is not what its name says: it has no gguf header");

  const file = generateGguf({ sizeBytes: 64 * 1024 });
  const bytes = Buffer.from(file.read(0, file.size));
  bytes.writeUInt32LE(0xffff_ffff, 8);
  await sandbox.run("add", await sandbox.write("broken.gguf", bytes));
  const shown = await sandbox.run("show", "broken");
  expect(shown.code).toBe(0);
  expect(shown.stderr).toContain("the header of broken.gguf is damaged");
});

it("tells a name twice without a second copy of the bytes", async () => {
  await using sandbox = await createSandbox();
  await sandbox.run("add", await sandbox.writeModel("m.gguf"));
  expect(await sandbox.run("tag", "m", "other")).toMatchObject({
    code: 0,
    stdout: "m is called other as well\n",
  });
  expect((await sandbox.run("list", "-q")).stdout).toBe("m\nother\n");
  const [a, b] = await Promise.all([sandbox.run("path", "m"), sandbox.run("path", "other")]);
  expect(a.stdout).toBe(b.stdout);
});

it("finds wrong bytes, says which model has them, and leaves them where they are", async () => {
  await using sandbox = await createSandbox();
  await sandbox.run("add", await sandbox.writeModel("good.gguf", { seed: 1 }));
  await sandbox.run("add", await sandbox.writeModel("bad.gguf", { seed: 2 }));
  const { stdout } = await sandbox.run("path", "bad");
  await flipByte(stdout.trimEnd(), 40_000);
  const before = await sandbox.snapshot();

  for (const args of [["verify"], ["verify", "bad"], ["verify", "--fast"]]) {
    const run = await sandbox.run(...args);
    expect(run).toMatchObject({ code: 6, stderr: "" });
    expect(run.stdout).toContain("ERR_STORE_BLOB_DIGEST_MISMATCH");
    expect(run.stdout).toMatch(/1 error: /);
  }
  expect(await sandbox.run("verify", "good")).toMatchObject({ code: 0 });
  expect(await sandbox.snapshot()).toEqual(before);
});

it("moves wrong bytes to quarantine when asked to, so that they can be fetched anew", async () => {
  await using sandbox = await createSandbox();
  const file = await sandbox.writeModel("m.gguf");
  await sandbox.run("add", file);
  const { stdout } = await sandbox.run("path", "m");
  await flipByte(stdout.trimEnd(), 40_000);
  const repaired = await sandbox.run("verify", "--repair");
  expect(repaired.code).toBe(6);
  expect(repaired.stdout).toContain("is in quarantine");
  expect((await sandbox.run("show", "m")).stdout).toContain("(missing)");
  expect(await sandbox.run("add", file)).toMatchObject({ code: 0 });
  expect(await sandbox.run("verify")).toMatchObject({ code: 0 });
});

it("checks the store in parts that together are all, or within a time", async () => {
  await using sandbox = await createSandbox();
  for (const seed of [1, 2, 3, 4]) {
    await sandbox.run("add", await sandbox.writeModel(`m${seed}.gguf`, { seed }));
  }
  let checked = 0;
  for (const part of ["1/3", "2/3", "3/3"]) {
    const { stdout } = await sandbox.run("verify", "--part", part, "--json");
    checked += (JSON.parse(stdout) as { checked: { blobs: number } }).checked.blobs;
  }
  expect(checked).toBe(4);
  expect(await sandbox.run("verify", "--budget", "1h")).toMatchObject({ code: 0 });
  for (const args of [
    ["--part", "0/3"],
    ["--part", "4/3"],
    ["--budget", "soon"],
  ]) {
    expect(await sandbox.run("verify", ...args)).toMatchObject({ code: 2 });
  }
});

it("finds that bytes are missing", async () => {
  await using sandbox = await createSandbox();
  await sandbox.run("add", await sandbox.writeModel("m.gguf"));
  const { stdout } = await sandbox.run("path", "m");
  await rm(stdout.trimEnd());
  for (const args of [["verify"], ["verify", "m"]]) {
    const run = await sandbox.run(...args);
    expect(run.code).toBe(6);
    expect(run.stdout).toContain("ERR_STORE_MANIFEST_BLOB_MISSING");
  }
  expect(await sandbox.run("path", "m")).toMatchObject({ code: 3, stdout: "" });
  expect((await sandbox.run("show", "m")).stdout).toContain("(missing)");
});

it("shows a damaged name beside the others", async () => {
  await using sandbox = await createSandbox();
  await sandbox.run("add", await sandbox.writeModel("m.gguf"));
  await sandbox.write("models/manifests/broken.json", "{");
  const run = await sandbox.run("list");
  expect(run.code).toBe(6);
  expect(run.stdout).toMatch(/^broken {10,}damaged$/m);
  expect(run.stdout).toMatch(/^m .* gguf/m);
  expect(run.stderr).toMatch(/^store: .*broken\.json/m);
  // A sweep must not decide over a store whose names it cannot read.
  expect(await sandbox.run("gc")).toMatchObject({ code: 6, stdout: "" });
  expect(await sandbox.run("rm", "broken")).toMatchObject({ code: 0 });
  expect(await sandbox.run("list")).toMatchObject({ code: 0 });
});

async function flipByte(path: string, offset: number): Promise<void> {
  await chmod(path, 0o644);
  const file = await open(path, "r+");
  const byte = new Uint8Array(1);
  await file.read(byte, 0, 1, offset);
  byte[0] = (byte[0] ?? 0) ^ 1;
  await file.write(byte, 0, 1, offset);
  await file.close();
}
