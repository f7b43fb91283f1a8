import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import {
  createFakeHub,
  createFakeRegistry,
  type FakeHub,
  generateGguf,
} from "@store/fetch/testing";
import { afterAll, beforeAll, expect, it } from "vitest";

import { createSandbox, type Sandbox } from "./support/sandbox.ts";
import { runHere } from "./support/run-here.ts";
import type { StoreRun } from "./support/run-store.ts";

const model = generateGguf({ sizeBytes: 2 * 1024 * 1024, name: "Tiny", license: "mit" });
const bytes = model.read(0, model.size);
const layer = { mediaType: "application/vnd.ollama.image.model", bytes };

let hub: FakeHub;
beforeAll(async () => {
  hub = await createFakeHub({
    repositories: {
      "org/tiny": { files: { "tiny.gguf": model }, license: "mit" },
      "org/old": { files: { "pytorch_model.bin": "x", "config.json": "{}" } },
      "org/odd": { files: { "odd.gguf": model }, scan: { "odd.gguf": "unsafe" } },
    },
  });
});
afterAll(() => hub.close());

function run(sandbox: Sandbox, ...args: readonly string[]): Promise<StoreRun> {
  return runHere(args, { home: sandbox.home, env: { HF_ENDPOINT: hub.endpoint } });
}

it("pulls a model of Ollama's registry under its own reference, again and again", async () => {
  await using sandbox = await createSandbox();
  await using registry = await createFakeRegistry();
  registry.addModel("library/tiny", "q8", { layers: [layer] });
  const location = `ollama+http://${registry.host}/library/tiny:q8`;
  expect(await run(sandbox, "pull", location)).toMatchObject({ code: 0 });
  expect((await run(sandbox, "list", "-q")).stdout).toBe(`${registry.host}/library/tiny:q8\n`);
  const again = await run(sandbox, "pull", location);
  expect(again.stdout).toContain("0 B fetched");
  const inspected = await run(sandbox, "inspect", location);
  expect(inspected.stdout).toMatch(/^architecture +llama$/m);
  const path = await run(sandbox, "path", `${registry.host}/library/tiny:q8`);
  expect(path).toMatchObject({ code: 0 });
});

it("logs in to a registry with what docker login left, or says that it must", async () => {
  await using sandbox = await createSandbox();
  const auth = { kind: "token", username: "me", password: "hush" } as const;
  await using registry = await createFakeRegistry({ auth });
  registry.addModel("org/tiny", "v1", { layers: [layer] });
  const location = `oci+http://${registry.host}/org/tiny:v1`;
  const refused = await run(sandbox, "pull", location);
  expect(refused).toMatchObject({ code: 8, stderr: expect.stringContaining("docker login") });
  await mkdir(join(sandbox.home, ".docker"));
  const entry = { auth: Buffer.from("me:hush").toString("base64") };
  const config = JSON.stringify({ auths: { [registry.host]: entry } });
  await writeFile(join(sandbox.home, ".docker/config.json"), config);
  const taken = await run(sandbox, "pull", location, "--json");
  expect(taken).toMatchObject({ code: 0 });
  expect(taken.stdout + taken.stderr + refused.stderr).not.toContain("hush");
});

it.skipIf(process.platform === "win32")(
  "logs in with what a credential helper says, which containers' file names (no shell on Windows)",
  async () => {
    await using sandbox = await createSandbox();
    const auth = { kind: "token", username: "me", password: "hush" } as const;
    await using registry = await createFakeRegistry({ auth });
    registry.addModel("org/tiny", "v1", { layers: [layer] });
    const helper = await sandbox.write(
      "bin/docker-credential-fake",
      `#!/bin/sh
read address
echo "$1 $address" >> "$HOME/asked"
[ "$address" = "${registry.host}" ] || { echo "credentials not found"; exit 1; }
echo '{"Username":"me","Secret":"hush"}'
`,
    );
    await chmod(helper, 0o755);
    const config = JSON.stringify({ credHelpers: { [registry.host]: "fake" } });
    await sandbox.write(".config/containers/auth.json", config);
    const path = `${join(sandbox.home, "bin")}:${process.env["PATH"] ?? ""}`;
    const location = `oci+http://${registry.host}/org/tiny:v1`;
    const taken = await sandbox.spawn(["pull", location], { env: { PATH: path } });
    expect(taken).toMatchObject({ code: 0 });
    expect(taken.stdout + taken.stderr).not.toContain("hush");
    // Once for the manifest and all blobs.
    const asked = await readFile(join(sandbox.home, "asked"), "utf8");
    expect(asked).toBe(`get ${registry.host}\n`);
  },
);

it("asks the token service that --token-host allows, and no other", async () => {
  await using sandbox = await createSandbox();
  await using service = await createFakeRegistry({ auth: { kind: "anonymous" } });
  const realm = `${service.origin}/token`;
  await using registry = await createFakeRegistry({ auth: { kind: "anonymous" }, realm });
  const location = `oci+http://${registry.host}/org/tiny:v1`;
  const refused = await run(sandbox, "pull", location);
  expect(refused).toMatchObject({ code: 8, stderr: expect.stringContaining("--token-host") });
  expect(service.requests).toEqual([]);
  await run(sandbox, "pull", location, "--token-host", service.host);
  expect(service.requests).toHaveLength(1);
});

it("says before a pull what it would fetch and take, and makes nothing", async () => {
  await using sandbox = await createSandbox();
  const text = await run(sandbox, "pull", "hf.co/org/tiny", "--dry-run");
  expect(text.stdout).toMatch(/^missing tiny\.gguf \(.*\)\nwould fetch 1 file, .*, for tiny\n/);
  const json = await run(sandbox, "pull", "hf.co/org/tiny", "--dry-run", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({
    kind: "result",
    dryRun: true,
    name: "tiny",
    bytesToFetch: model.size,
    bytesOnDisk: model.size,
    bytesReused: 0,
    files: [{ path: "tiny.gguf", size: model.size, state: "absent", bytesPresent: 0 }],
  });
  expect(await sandbox.snapshot()).toEqual([]);
  await run(sandbox, "pull", "hf.co/org/tiny");
  const after = await run(sandbox, "pull", "hf.co/org/tiny", "--dry-run");
  expect(after.stdout).toMatch(
    /^here {4}tiny\.gguf .*\nwould fetch 0 files, 0 B, to bring up to date tiny\n/,
  );
});

it("inspects a model without fetching it", async () => {
  await using sandbox = await createSandbox();
  const served = hub.bytesServed;
  const text = await run(sandbox, "inspect", "hf.co/org/tiny");
  expect(text.stdout).toMatch(/^architecture +llama$/m);
  expect(text.stdout).toMatch(/^tiny\.gguf /m);
  const json = await run(sandbox, "inspect", "hf.co/org/tiny", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({
    location: "hf.co/org/tiny",
    license: "mit",
    facts: { architecture: "llama" },
    headers: [{ path: "tiny.gguf", format: "gguf" }],
  });
  expect(hub.bytesServed - served).toBeLessThan(model.size);
  expect(await sandbox.snapshot()).toEqual([]);
});

it("refuses what its policy does not allow, and says how to allow it", async () => {
  await using sandbox = await createSandbox();
  for (const [args, word] of [
    [["hf.co/org/old"], "--allow-pickle"],
    [["hf.co/org/tiny", "--max-size", "1MiB"], "more than 1048576"],
    [["hf.co/org/tiny", "--allow-license", "apache-2.0"], "its licence is mit"],
    [["hf.co/org/tiny", "--allow-host", "example.com"], "may not come from"],
  ] as const) {
    const refused = await run(sandbox, "pull", ...args);
    expect(refused).toMatchObject({ code: 8, stderr: expect.stringContaining(word) });
  }
  expect(await run(sandbox, "pull", "hf.co/org/tiny", "--max-size", "x")).toMatchObject({
    code: 2,
  });
  expect(await sandbox.snapshot()).toEqual([]);
  expect(await run(sandbox, "pull", "hf.co/org/old", "--allow-pickle")).toMatchObject({ code: 0 });
});

it("refuses what the hub's scan calls unsafe, and takes it with --allow-unsafe", async () => {
  await using sandbox = await createSandbox();
  const served = hub.bytesServed;
  const refused = await run(sandbox, "pull", "hf.co/org/odd/odd.gguf");
  expect(refused).toMatchObject({ code: 8, stdout: "" });
  expect(refused.stderr).toMatch(/unsafe of odd\.gguf\nhint: .*--allow-unsafe/);
  expect(hub.bytesServed).toBe(served);
  expect(await sandbox.snapshot()).toEqual([]);
  const taken = await run(sandbox, "pull", "hf.co/org/odd/odd.gguf", "--allow-unsafe");
  expect(taken).toMatchObject({ code: 0 });
  expect((await run(sandbox, "list", "-q")).stdout).toBe("odd\n");
});

it("finds the hub's token where its own tools keep it, and looks only for the hub", async () => {
  await using sandbox = await createSandbox();
  await sandbox.write(".cache/huggingface/token", "no token\n");
  const path = await sandbox.writeModel("local.gguf");
  expect(await run(sandbox, "pull", path)).toMatchObject({ code: 0 });
  expect(await run(sandbox, "pull", "hf.co/org/tiny", "--dry-run")).toMatchObject({ code: 2 });
  await sandbox.write(".cache/huggingface/token", "hf_filed\n");
  await run(sandbox, "pull", "hf.co/org/tiny", "--dry-run");
  expect(hub.requests.at(-1)?.headers["authorization"]).toBe("Bearer hf_filed");
});
