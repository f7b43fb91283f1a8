import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { createTemporaryLayout } from "@store/layout/testing";
import { expect, it } from "vitest";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const canRun = major > 22 || (major === 22 && minor >= 18);
const skipped = canRun ? "" : " (skipped: this Node cannot run TypeScript)";

it.skipIf(!canRun)(`the example of the README runs as it stands${skipped}`, async () => {
  const packageDirectory = fileURLToPath(new URL("..", import.meta.url));
  const readme = await readFile(`${packageDirectory}/README.md`, "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  await using store = await createTemporaryLayout();
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@store/source", "--input-type=module-typescript", "--eval", example],
    { cwd: packageDirectory, env: { ...process.env, MODELS_HOME: store.root } },
  );
  expect(stdout).toBe(
    "sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9 11\nworld\n",
  );
});
