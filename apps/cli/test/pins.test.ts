import { createHash } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { openPinStore } from "@store/gc";
import { generateSafetensors } from "@store/fetch/testing";
import { type Digest, openLayout, parseDigest } from "@store/layout";
import { expect, it } from "vitest";

import { createSandbox, type Sandbox } from "./support/sandbox.ts";

/** A model of several files, and one of a single file. */
async function createPair(): Promise<Sandbox> {
  const sandbox = await createSandbox();
  for (const [path, file] of Object.entries(generateSafetensors({ sizeBytes: 64 * 1024 }))) {
    await sandbox.write(`many/${path}`, file.read(0, file.size));
  }
  await sandbox.run("pull", join(sandbox.home, "many"), "--as", "h/n/many:t");
  await sandbox.run("add", await sandbox.writeModel("single.gguf"));
  return sandbox;
}

/** Of the file of a model of one, else of the manifest, which is a blob as well. */
async function digestOf(sandbox: Sandbox, name: string): Promise<Digest> {
  const { files, manifest } = (await sandbox.json("show", name)) as {
    readonly files: readonly { readonly digest: string }[];
    readonly manifest: { readonly digest: string };
  };
  const [only] = files.length === 1 ? files : [];
  return parseDigest((only ?? manifest).digest);
}

it("keeps what a pinned name led to, although another tool removes the name", async () => {
  await using sandbox = await createPair();
  const pinned = await sandbox.run("pin", "H/n/many:t", "--reason", "for the demo");
  expect(pinned).toMatchObject({ code: 0, stderr: "" });
  expect(pinned.stdout).toMatch(/^pinned h\/n\/many:t: its \d+ blobs stay\n$/);

  const refused = await sandbox.run("rm", "single", "h/n/many:t");
  expect(refused).toMatchObject({ code: 4, stdout: "" });
  expect(refused.stderr).toMatch(/^store: h\/n\/many:t is pinned: for the demo\nhint: /);
  expect((await sandbox.run("list", "-q")).stdout).toBe("h/n/many:t\nsingle\n");

  await rm(join(sandbox.models, "manifests/h"), { recursive: true });
  const kept = await sandbox.json("gc", "--min-age", "0");
  expect(kept["destroyed"]).toEqual([]);
  const { pins } = (await sandbox.json("pins")) as { pins: { digests: readonly string[] }[] };
  const digests = pins[0]?.digests ?? [];
  const why = await sandbox.run("why", digests[0] ?? "");
  expect(why.stdout).toMatch(/^sha256:\w+ stays: pinned as h\/n\/many:t \(for the demo\)\n$/);

  // The name is gone, the pin can be ended all the same.
  expect((await sandbox.run("unpin", "h/n/MANY:t")).stdout).toBe("unpinned h/n/many:t\n");
  const freed = await sandbox.json("gc", "--min-age", "0");
  expect(freed["destroyed"]).toEqual(digests);
});

it("keeps a blob by its digest, and a manifest's blob with all that it needs", async () => {
  await using sandbox = await createPair();
  const single = await digestOf(sandbox, "single");
  const many = await digestOf(sandbox, "h/n/many:t");
  await sandbox.run("pin", single);
  const pin = await sandbox.json("pin", many);
  expect(pin["subject"]).toBe(many);
  await sandbox.run("rm", "single", "h/n/many:t");
  expect((await sandbox.json("gc", "--min-age", "0", "--allow-empty"))["destroyed"]).toEqual([]);
  await sandbox.run("unpin", many.toUpperCase().replace("SHA256", "sha256"));
  const freed = await sandbox.json("gc", "--min-age", "0", "--allow-empty");
  expect(freed["destroyed"]).toEqual(pin["digests"]);
  expect(freed["destroyed"]).not.toContain(single);
});

it("keeps nothing once the end of a pin has come", async () => {
  await using sandbox = await createPair();
  await sandbox.run("pin", "single", "--until", "1d");
  expect((await sandbox.run("pins")).stdout).toMatch(/\nsingle +1 +just now +in (?:1d|23h 59m)\n/);
  const digest = await digestOf(sandbox, "single");
  const pins = openPinStore(await openLayout(sandbox.models));
  await pins.put({ subject: "single", digests: [digest], reason: "", untilMs: Date.now() - 1 });
  expect((await sandbox.run("pins")).stdout).toMatch(/\nsingle +1 +just now +ended\n/);
  expect(await sandbox.run("rm", "single")).toMatchObject({ code: 0 });
  expect((await sandbox.json("gc"))["destroyed"]).toEqual([digest]);
  expect(await sandbox.run("unpin", "single")).toMatchObject({ code: 0 });
  expect(await sandbox.run("pins")).toMatchObject({ stdout: "", stderr: "nothing is pinned\n" });
});

it("stops a sweep at a pin that nobody understands, and says which file", async () => {
  await using sandbox = await createPair();
  await sandbox.run("pin", "single");
  const file = `${createHash("sha256").update("single").digest("hex")}.json`;
  const path = join(sandbox.models, ".store/pins", file);
  await writeFile(path, "{");
  const before = await sandbox.snapshot();
  const refused = await sandbox.run("gc", "--min-age", "0", "--allow-empty");
  expect(refused).toMatchObject({ code: 6, stdout: "" });
  expect(refused.stderr).toContain(
    `a pin cannot be read, so nothing is deleted: not a pin: ${path}`,
  );
  expect((await sandbox.snapshot()).filter((line) => !line.includes("locks"))).toEqual(
    before.filter((line) => !line.includes("locks")),
  );
});

it.each([
  { args: ["pin", "nobody"], code: 3 },
  { args: ["pin", `sha256:${"0".repeat(64)}`], code: 3 },
  { args: ["pin", "single", "--until", "yesterday"], code: 2 },
  { args: ["pin", "single", "--until", "2001-01-01"], code: 2 },
  { args: ["pin", "single", "--until", "0"], code: 2 },
  { args: ["pin", "single", "--reason", "x".repeat(1_001)], code: 2 },
  { args: ["pin", "../x"], code: 2 },
  { args: ["unpin", "single"], code: 3 },
  { args: ["why", "nobody"], code: 3 },
  { args: ["why", `sha256:${"0".repeat(64)}`], code: 3 },
])("changes nothing where it cannot do what it is told: $args", async ({ args, code }) => {
  await using sandbox = await createPair();
  const before = await sandbox.snapshot();
  const run = await sandbox.run(...args);
  expect(run).toMatchObject({ code, stdout: "" });
  expect(run.stderr).toMatch(/^store: .+\nhint: .+\n$/);
  expect(await sandbox.snapshot()).toEqual(before);
});

it("says of every blob of a name what keeps it, and of one without a name when it goes", async () => {
  await using sandbox = await createPair();
  await sandbox.run("tag", "single", "again");
  const digest = await digestOf(sandbox, "single");
  expect((await sandbox.run("why", "single")).stdout).toBe(
    `${digest} stays: needed by again, needed by single\n`,
  );
  await sandbox.run("rm", "again", "single");
  expect((await sandbox.run("why", digest)).stdout).toBe(
    `${digest} goes with the next sweep: its last name was removed\n`,
  );
  await sandbox.run("gc");
  expect(await sandbox.run("why", digest)).toMatchObject({ code: 3 });

  const other = await sandbox.writeModel("other.gguf", { seed: 9 });
  await sandbox.run("add", other, "--as", "x");
  const young = await digestOf(sandbox, "x");
  await sandbox.run(
    "add",
    await sandbox.writeModel("new.gguf", { seed: 8 }),
    "--as",
    "x",
    "--force",
  );
  await sandbox.run("gc");
  expect((await sandbox.run("why", young)).stdout).toMatch(
    /stays for (?:1d|23h 59m): sweeps have seen it without a name for \d+s\n$/,
  );
});
