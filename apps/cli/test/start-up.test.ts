import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

import { expect, it } from "vitest";

const main = resolve(import.meta.dirname, "../src/main.ts");

/** Prints the URL of every module that is loaded. */
const tracer = `
  import { registerHooks } from "node:module";
  registerHooks({
    load(url, context, next) {
      process.stderr.write("loads " + url + "\\n");
      return next(url, context);
    },
  });
`;

function modulesOf(...args: readonly string[]): readonly string[] {
  const hook = `data:text/javascript,${encodeURIComponent(tracer)}`;
  const { stderr } = spawnSync(
    process.execPath,
    ["--conditions=@store/source", `--import=${hook}`, main, ...args],
    { encoding: "utf8", env: { PATH: process.env["PATH"], MODELS_HOME: "/nowhere" } },
  );
  return stderr
    .split("\n")
    .filter((line) => line.startsWith("loads "))
    .map((line) => line.slice("loads ".length));
}

it.each([[["--version"]], [["--help"]], [["pull", "--help"]]])(
  "loads nothing of the store for %j",
  (args) => {
    const modules = modulesOf(...args);
    expect(modules.some((url) => url.endsWith("/src/program.ts"))).toBe(true);
    expect(modules.filter((url) => /\/packages\/|\/commands\//.test(url))).toEqual([]);
  },
);

it("loads only the command that is asked for, and no sources of the network for it", () => {
  const modules = modulesOf("list");
  expect(modules.filter((url) => url.includes("/src/commands/"))).toHaveLength(1);
  expect(modules.filter((url) => /\/packages\/(?:fetch|gc)\//.test(url))).toEqual([]);
});
