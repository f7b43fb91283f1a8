import { cp, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";

import { describe, expect, it } from "vitest";

import { boundaries } from "../checks/boundaries.ts";
import { format } from "../checks/format.ts";
import { lint } from "../checks/lint.ts";
import { packageLint } from "../checks/package-lint.ts";
import { types } from "../checks/types.ts";
import { unused } from "../checks/unused.ts";
import type { Step } from "../step.ts";
import { plantTree } from "./planted-tree.ts";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const CONFIGURATION = [
  ".oxfmtrc.json",
  ".oxlintrc.json",
  "knip.json",
  "tsconfig.base.json",
  "turbo.json",
];

const BASE = {
  "package.json": { name: "planted", private: true, type: "module" },
  "pnpm-workspace.yaml": "packages: [packages/*]\n",
  "packages/gc/package.json": {
    name: "@store/gc",
    version: "0.0.0",
    license: "Apache-2.0",
    files: ["dist", "src"],
    type: "module",
    exports: {
      ".": {
        "@store/source": "./src/index.ts",
        types: "./dist/index.d.ts",
        default: "./dist/index.js",
      },
    },
  },
  "packages/gc/src/index.ts": 'export { planGc } from "./plan.ts";\n',
  "packages/gc/src/plan.ts": "export const planGc = 1;\n",
  "packages/gc/dist/index.d.ts": "export declare const planGc = 1;\n",
  "packages/gc/dist/index.js": "export const planGc = 1;\n",
};

const PROMISE_NOBODY_WAITS_FOR = `async function act(): Promise<void> {}

export function start(): void {
  act();
}
`;

/** Runs a check with the tools and the configuration of this repository over a planted tree. */
async function problemsOf(check: Step, files: Readonly<Record<string, unknown>>): Promise<string> {
  await using tree = await plantTree({ ...BASE, ...files });
  await symlink(join(REPOSITORY, "node_modules"), join(tree.root, "node_modules"));
  for (const name of CONFIGURATION) await cp(join(REPOSITORY, name), join(tree.root, name));
  return (await check.run(tree.root)).problems.join("\n");
}

describe("tools", () => {
  it.each([["packages/gc/src/a.ts"], ["packages/gc/src/a.test.ts"], ["scripts/a.ts"]])(
    "lint finds a promise nobody waits for in %s",
    async (path) => {
      const problems = await problemsOf(lint, { [path]: PROMISE_NOBODY_WAITS_FOR });
      expect(problems).toContain("no-floating-promises");
      expect(problems).toContain(path);
    },
  );

  it("boundaries finds a package that builds on a higher layer", async () => {
    const layer = (name: string) => ({ extends: ["//"], tags: [`layer:${name}`] });
    const problems = await problemsOf(boundaries, {
      "package.json": {
        ...BASE["package.json"],
        devEngines: { packageManager: { name: "pnpm", version: "12.21.0", onFail: "ignore" } },
      },
      "packages/gc/package.json": {
        ...BASE["packages/gc/package.json"],
        dependencies: { "@store/fetch": "workspace:^" },
      },
      "packages/gc/turbo.json": layer("model"),
      "packages/fetch/package.json": { name: "@store/fetch", version: "0.0.0" },
      "packages/fetch/turbo.json": layer("service"),
    });
    expect(problems).toContain("found with tag listed in denylist");
  });

  it("lint finds any, a message to the console, and a cycle of imports", async () => {
    const problems = await problemsOf(lint, {
      "packages/gc/src/a.ts": 'import { b } from "./b.ts";\nexport const a: any = b;\n',
      "packages/gc/src/b.ts":
        'import { a } from "./a.ts";\nexport const b = () => console.log(a);\n',
    });
    expect(problems).toContain("no-explicit-any");
    expect(problems).toContain("no-console");
    expect(problems).toContain("no-cycle");
  });

  it("lint and format have nothing to say about a tree in order", async () => {
    expect(await problemsOf(lint, {})).toBe("");
    expect(await problemsOf(format, {})).toBe("");
  });

  it("format names a file that is written otherwise", async () => {
    const problems = await problemsOf(format, { "packages/gc/src/a.ts": "export   const a=1" });
    expect(problems).toContain("packages/gc/src/a.ts");
  });

  it("types finds a wrong type in the scripts", async () => {
    const problems = await problemsOf(types, {
      "scripts/tsconfig.json": { extends: "../tsconfig.base.json", include: ["."] },
      "scripts/a.ts": 'export const a: number = "one";\n',
    });
    expect(problems).toContain("scripts/a.ts(1,14)");
  });

  it("unused finds a file, an export and a dependency nobody uses", async () => {
    const problems = await problemsOf(unused, {
      "packages/gc/package.json": {
        ...BASE["packages/gc/package.json"],
        dependencies: { zod: "1" },
      },
      "packages/gc/src/lonely.ts": "export const lonely = 1;\n",
      "packages/gc/src/plan.ts": "export const planGc = 1;\nexport const extra = 2;\n",
    });
    expect(problems).toContain("packages/gc/src/lonely.ts");
    expect(problems).toContain("extra");
    expect(problems).toContain("zod");
  });

  it("package-lint finds an entry that is not in the package, and types of another format", async () => {
    const missing = await problemsOf(packageLint, {
      "packages/gc/package.json": {
        ...BASE["packages/gc/package.json"],
        exports: { ".": { types: "./dist/nowhere.d.ts", default: "./dist/index.js" } },
      },
    });
    expect(missing).toContain("./dist/nowhere.d.ts but the file does not exist");
    const masked = await problemsOf(packageLint, {
      "packages/gc/package.json": {
        ...BASE["packages/gc/package.json"],
        exports: { ".": { types: "./dist/index.d.cts", default: "./dist/index.js" } },
      },
      "packages/gc/dist/index.d.cts": "export declare const planGc = 1;\n",
    });
    expect(masked).toContain("CommonJS type declaration file");
  });
});
