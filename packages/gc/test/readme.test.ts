import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

const packageDir = resolve(import.meta.dirname, "..");

describe("the example of the README", () => {
  it("runs as it stands", async () => {
    const readme = await readFile(join(packageDir, "README.md"), "utf8");
    const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
    const home = await mkdtemp(join(tmpdir(), "store-gc-readme-"));
    try {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ["--conditions=@store/source", "--input-type=module-typescript", "--eval", code],
        { cwd: packageDir, env: { ...process.env, MODELS_HOME: join(home, "models") } },
      );
      expect(stdout).toContain("would free 35 bytes: 1 candidate,");
      expect(stdout).toContain("35 bytes freed, 1 blobs gone");
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });
});
