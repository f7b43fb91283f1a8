import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

import { beforeAll, expect, it } from "vitest";

import { EXIT_ABORTED, EXIT_CODES } from "../src/errors/exit-codes.ts";
import { parseArguments } from "../src/program.ts";

let text = "";
beforeAll(async () => {
  text = await readFile(resolve(import.meta.dirname, "../../../docs/cli.md"), "utf8");
});

async function helpOf(...args: readonly string[]): Promise<string> {
  const parsed = await parseArguments([...args, "--help"]);
  return parsed.kind === "text" ? parsed.text : "";
}

it("documents the exit codes as they are", () => {
  const rows = [...text.matchAll(/^\| (\d+) \| `?([a-z-]+)`? \|/gm)].map(
    ([, code, kind]) => [kind, Number(code)] as const,
  );
  expect(Object.fromEntries(rows)).toEqual({ ...EXIT_CODES, success: 0, aborted: EXIT_ABORTED });
});

it("documents every command with every option, and no other", async () => {
  const general = await helpOf();
  const commands = [...general.matchAll(/^ {2}([a-z]+)(?:\|[a-z]+)? [[<]?/gm)]
    .map(([, name]) => name ?? "")
    .filter((name) => name !== "help" && new RegExp(`Commands:[^]*\\n  ${name}\\b`).test(general));
  expect(commands.length).toBeGreaterThan(8);
  const sections = [...text.matchAll(/^### `store ([a-z]+)/gm)].map(([, name]) => name);
  expect(sections).toEqual(commands);
  for (const name of commands) {
    const help = await helpOf(name);
    const own = help.slice(0, help.indexOf("Global Options:"));
    const section =
      text.split(`### \`store ${name}`)[1]?.split("\n### ")[0]?.split("\n## ")[0] ?? "";
    const options = (part: string): readonly string[] =>
      [...new Set(part.match(/--[a-z][a-z-]+/g) ?? [])].filter((option) => option !== "--help");
    expect([name, options(section).toSorted()]).toEqual([name, options(own).toSorted()]);
  }
});
