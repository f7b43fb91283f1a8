import { expect, it } from "vitest";

import { parseArguments } from "./program.ts";

it.each([[[]], [["--help"]], [["help"]], [["-h"]]])("prints help for %j", async (args) => {
  const parsed = await parseArguments(args);
  expect(parsed).toMatchObject({ kind: "text" });
  expect(parsed.kind === "text" && parsed.text).toContain("Usage: store [options] [command]");
});

it.each([["pull"], ["add"], ["list"], ["show"], ["path"], ["tag"], ["verify"], ["rm"], ["gc"]])(
  "tells in the help of %s what holds for every command",
  async (name) => {
    const parsed = await parseArguments([name, "--help"]);
    expect(parsed.kind === "text" && parsed.text).toContain("--home <directory>");
    expect(parsed.kind === "text" && parsed.text).toContain("--json");
    expect(await parseArguments(["help", name])).toEqual(parsed);
  },
);

it("takes --home before and after the command", async () => {
  expect(await parseArguments(["--home", "/x", "list"])).toMatchObject({ home: "/x" });
  expect(await parseArguments(["list", "--home", "/x"])).toMatchObject({ home: "/x" });
});

it.each([
  ["an unknown command", ["pul"], "unknown command 'pul'", "Did you mean pull?"],
  ["an unknown option", ["list", "--quite"], "unknown option '--quite'", "Did you mean --quiet?"],
  ["a missing argument", ["show"], "missing required argument 'name'", "`store --help`"],
  ["too many arguments", ["show", "a", "b"], "too many arguments for 'show'", "`store --help`"],
  ["an option without its value", ["list", "--home"], "argument missing", "`store --help`"],
])("explains %s", async (_what, args, message, hint) => {
  const parsed = await parseArguments(args);
  expect(parsed).toMatchObject({ kind: "mistake" });
  expect(parsed).toHaveProperty("message", expect.stringContaining(message));
  expect(parsed).toHaveProperty("hint", expect.stringContaining(hint));
});
