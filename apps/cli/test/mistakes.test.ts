import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";

import { createFakeHub, type FakeHub } from "@store/fetch/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { runHere } from "./support/run-here.ts";
import { createSandbox } from "./support/sandbox.ts";

let hub: FakeHub;
beforeAll(async () => {
  hub = await createFakeHub({
    repositories: {
      "org/one": { files: { "one.gguf": "GGUF" } },
      "org/two": { files: { a: "a", b: "b" } },
    },
  });
});
afterAll(() => hub.close());

const badNames = [
  "../../x",
  "..",
  ".hidden",
  "a/../b",
  "/etc/passwd",
  "a\u0000b",
  "a\nb",
  "con",
  "x.json",
  "C:\\x",
  "a//b",
  "a/b/c/d/e",
  "x".repeat(2000),
  "sha256:abc",
  "",
];

/** What the user typed, the exit code, and the code of the error. */
const mistakes: readonly (readonly [string, readonly string[], number, string])[] = [
  ["an unknown command", ["lst"], 2, "ERR_STORE_USAGE"],
  ["an unknown option", ["list", "--frobnicate"], 2, "ERR_STORE_USAGE"],
  ["no argument", ["show"], 2, "ERR_STORE_USAGE"],
  [
    "a digest that is none",
    ["pull", "hf.co/org/one", "--digest", "sha256:xyz"],
    2,
    "ERR_STORE_DIGEST_INVALID",
  ],
  ["no rate", ["pull", "hf.co/org/one", "--limit-rate", "0"], 2, "ERR_STORE_USAGE"],
  ["no connections", ["pull", "hf.co/org/one", "--connections", "0"], 2, "ERR_STORE_USAGE"],
  [
    "a pattern beyond measure",
    ["pull", "hf.co/org/one", "--include", "x".repeat(2000)],
    2,
    "ERR_STORE_PATTERN_INVALID",
  ],
  ["a path where nothing is", ["pull", "/nothing/here.gguf"], 3, "ERR_STORE_MODEL_NOT_FOUND"],
  ["a location of no kind", ["pull", "what is this"], 2, "ERR_STORE_LOCATION_UNKNOWN"],
  ["a repository that is not there", ["pull", "hf.co/org/none"], 3, "ERR_STORE_MODEL_NOT_FOUND"],
  ["a file that is not there", ["pull", "hf.co/org/one/none.gguf"], 3, "ERR_STORE_MODEL_NOT_FOUND"],
  ["a duration that is none", ["gc", "--min-age", "soon"], 2, "ERR_STORE_USAGE"],
  ["a name nobody has, to show", ["show", "none"], 3, "ERR_STORE_MANIFEST_NOT_FOUND"],
  ["a name nobody has, to open", ["path", "none"], 3, "ERR_STORE_MANIFEST_NOT_FOUND"],
  ["a name nobody has, to tag", ["tag", "none", "x"], 3, "ERR_STORE_MANIFEST_NOT_FOUND"],
  ["a name nobody has, to remove", ["rm", "none"], 3, "ERR_STORE_MANIFEST_NOT_FOUND"],
  ["a name nobody has, to verify", ["verify", "none"], 3, "ERR_STORE_MANIFEST_NOT_FOUND"],
  ["a digest for a name", ["show", `sha256:${"0".repeat(64)}`], 2, "ERR_STORE_REF_INVALID"],
  [
    "a new name with a digest",
    ["tag", "x", `y@sha256:${"0".repeat(64)}`],
    2,
    "ERR_STORE_REF_INVALID",
  ],
  ["a file that is not there", ["add", "/nowhere/x.gguf"], 3, "ERR_STORE_SOURCE_NOT_FOUND"],
  ["a directory as a file", ["add", "/"], 2, "ERR_STORE_SOURCE_NOT_A_FILE"],
  ["a device as a file", ["add", "/dev/null"], 2, "ERR_STORE_SOURCE_NOT_A_FILE"],
  ["an empty home", ["list", "--home", "/dev/null"], 2, "ERR_STORE_NOT_A_DIRECTORY"],
  ...badNames.flatMap((name) => [
    [
      `the name ${JSON.stringify(name.slice(0, 20))} to show`,
      ["show", "--", name],
      2,
      "ERR_STORE_REF_INVALID",
    ] as const,
    [
      `the name ${JSON.stringify(name.slice(0, 20))} to pull under`,
      ["pull", "hf.co/org/one", `--as=${name}`],
      2,
      "ERR_STORE_REF_INVALID",
    ] as const,
  ]),
];

it.each(mistakes)("explains %s: %j", async (_what, args, exitCode, code) => {
  await using sandbox = await createSandbox();
  const env = { HF_ENDPOINT: hub.endpoint };
  const run = await runHere(args, { home: sandbox.home, env });
  expect(run).toMatchObject({ code: exitCode, stdout: "" });
  expect(run.stderr).toMatch(/^(?:.*\n)?store: [^\n]+\n(?:hint: [^\n]+\n)?$/);
  expect(run.stderr.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001F\u007F]/);

  const separator = args.indexOf("--");
  const at = separator < 0 ? args.length : separator;
  const json = await runHere([...args.slice(0, at), "--json", ...args.slice(at)], {
    home: sandbox.home,
    env,
  });
  expect(json.code).toBe(exitCode);
  expect(JSON.parse(json.stderr)).toMatchObject({ code, message: expect.any(String) });
  // Nothing at all was made, not even the store.
  expect(await readdir(sandbox.home)).toEqual([]);
});

describe("with a file at hand", () => {
  it.each(badNames)("adds nothing under the name %j", async (name) => {
    await using sandbox = await createSandbox();
    const path = await sandbox.writeModel("m.gguf");
    const run = await sandbox.run("add", path, `--as=${name}`);
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(await readdir(sandbox.home)).toEqual(["m.gguf"]);
  });

  it.each(badNames)("tags nothing as %j", async (name) => {
    await using sandbox = await createSandbox();
    await sandbox.run("add", await sandbox.writeModel("m.gguf"));
    const before = await sandbox.snapshot();
    expect(await sandbox.run("tag", "--", "m", name)).toMatchObject({ code: 2, stdout: "" });
    expect(await sandbox.snapshot()).toEqual(before);
  });
});

it("finds no store where a file is", async () => {
  await using sandbox = await createSandbox();
  const path = await sandbox.write("file", "x");
  for (const args of [["list"], ["verify"], ["gc"], ["where"], ["rm", "x"]]) {
    const run = await sandbox.run(...args, "--home", path);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(`store: not a directory: ${path}`);
  }
});

it("reads an empty store, and one that is not there, without making anything", async () => {
  await using sandbox = await createSandbox();
  for (const args of [["list"], ["verify"], ["gc", "--dry-run"], ["where"]]) {
    expect(await sandbox.run(...args)).toMatchObject({ code: 0 });
  }
  expect(await readdir(sandbox.home)).toEqual([]);
  await mkdir(sandbox.models);
  for (const args of [["list"], ["verify"], ["gc", "--dry-run"], ["where"]]) {
    expect(await sandbox.run(...args)).toMatchObject({ code: 0 });
  }
  expect(await readdir(sandbox.models)).toEqual([]);
});

it("prints the names of a hostile repository as text, never as commands to the terminal", async () => {
  await using sandbox = await createSandbox();
  const location = join(sandbox.home, "dir\u001B]0;x\u0007");
  const run = await sandbox.run("pull", location);
  expect(run.code).toBe(3);
  expect(run.stderr).toContain("\\u{1b}]0;x\\u{7}");
});
