import { readFileSync } from "node:fs";

import { createTemporaryLayout } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { example } from "./readme-example.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

describe("the example of the README", () => {
  it("is the one that runs here", () => {
    const source = readFileSync(new URL("readme-example.ts", import.meta.url), "utf8");
    expect(readme).toContain(`\`\`\`ts\n${source}\`\`\``);
  });

  it("prints what the README says", async () => {
    await using temporary = await createTemporaryLayout();
    const lines: string[] = [];
    await example(temporary.root, (line) => lines.push(line));
    expect(readme).toContain(`\`\`\`text\n${lines.join("\n")}\n\`\`\``);
  });
});
