import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { createTemporaryLayout } from "@store/layout/testing";
import { expect, it } from "vitest";

import { createFakeHub, generateGguf } from "../src/testing/index.ts";

// The example is TypeScript, and is run as it stands.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const canRun = major > 22 || (major === 22 && minor >= 18);
const skipped = canRun ? "" : " (skipped: this Node cannot run TypeScript)";

it.skipIf(!canRun)(`the example of the README pulls a model${skipped}`, async () => {
  const packageDirectory = fileURLToPath(new URL("..", import.meta.url));
  const readme = await readFile(`${packageDirectory}/README.md`, "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const files = { "m-Q8_0.gguf": generateGguf(), "m-F16.gguf": generateGguf({ seed: 2 }) };
  await using hub = await createFakeHub({ repositories: { "org/model": { files } } });
  await using store = await createTemporaryLayout();
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@store/source", "--input-type=module-typescript", "--eval", example],
    {
      cwd: packageDirectory,
      env: { ...process.env, MODELS_HOME: store.root, HF_ENDPOINT: hub.endpoint },
    },
  );
  expect(stdout.trimEnd().split("\n").at(-1)).toBe(
    `m-Q8_0: 1 files, ${files["m-Q8_0.gguf"].size} bytes fetched`,
  );
});
