import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { fromHex, hexOf, readFiles } from "./support/packs.ts";

const root = join(import.meta.dirname, "..");
let readme = "";
let directory = "";

beforeAll(async () => {
  readme = await readFile(join(root, "README.md"), "utf8");
  // Within the package, where the example finds it by its name.
  await mkdir(join(root, ".tmp"), { recursive: true });
  directory = await mkdtemp(join(root, ".tmp", "readme-"));
});
afterAll(() => rm(directory, { recursive: true }));

/** The text of the first fenced block of a language. */
function block(language: string): string {
  const match = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "m").exec(readme);
  if (match?.[1] === undefined) throw new Error(`the README has no ${language} block`);
  return match[1];
}

// Set by Node where it can run TypeScript as it is.
const reason = process.features.typescript ? "" : " (skipped: this Node runs no TypeScript)";

describe("the README", () => {
  it.skipIf(reason !== "")(`has an example that prints what it says${reason}`, async () => {
    const example = join(directory, "example.ts");
    await writeFile(example, block("ts"));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--conditions=@store/source", example],
      { cwd: directory, encoding: "utf8" },
    );
    expect(stderr).toBe("");
    expect(stdout).toBe(block("text"));
    expect(status).toBe(0);
  });

  it("shows the bytes of the golden pack", async () => {
    const [, ...parts] = block("hex").split(/^(pack-.*)$/m);
    const shown = new Map<string, string>();
    for (let at = 0; at < parts.length; at += 2) {
      shown.set(parts[at] ?? "", hexOf(fromHex(parts[at + 1] ?? "")));
    }
    const golden = await readFiles(join(import.meta.dirname, "golden"));
    expect(Object.fromEntries([...shown].toSorted())).toEqual(
      Object.fromEntries([...golden].map(([name, bytes]) => [name, hexOf(bytes)])),
    );
  });

  it("lists every error code of the sources", async () => {
    const codes = new Set<string>();
    for (const path of await readdir(join(root, "src"), { recursive: true })) {
      if (!path.endsWith(".ts") || path.endsWith(".test.ts")) continue;
      const text = await readFile(join(root, "src", path), "utf8");
      for (const [, code = ""] of text.matchAll(/"ERR_STORE_([A-Z_]+)"/g)) codes.add(code);
    }
    expect(codes.size).toBeGreaterThan(15);
    for (const code of codes) expect(readme, code).toContain(`\`${code}\``);
  });
});
