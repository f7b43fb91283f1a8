// No file names a place that exists on one machine only: a developer's directory or the host of a
// package registry. Such text is wrong for every reader and tells where the software was made.

import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { listFiles } from "../list-files.ts";
import { runCommand } from "../run-command.ts";
import type { Step } from "../step.ts";

/** The lockfile is written by the package manager, and a picture is no text. */
const SKIPPED = /(?:^|\/)pnpm-lock\.yaml$/;

const MACHINE_PATH = /(?<![\w.~/-])\/(?:work|root)\/[\w.-]*/;
const REGISTRY_HOSTS = [
  "registry.npmjs.org",
  "www.npmjs.com",
  "registry.yarnpkg.com",
  "registry.npmmirror.com",
  "npm.pkg.github.com",
  "pypi.org",
  "files.pythonhosted.org",
];

export const houseWords: Step = {
  name: "house-words",
  run: async (root) => {
    const hosts = [...REGISTRY_HOSTS, ...(await configuredHosts(root))];
    const self = "scripts/checks/house-words.ts";
    const problems: string[] = [];
    for (const path of await listFiles(root)) {
      if (SKIPPED.test(path) || path === self) continue;
      const bytes = await readFile(join(root, path));
      if (bytes.includes(0)) continue;
      for (const [index, line] of bytes.toString("utf8").split("\n").entries()) {
        const word = MACHINE_PATH.exec(line)?.[0] ?? hosts.find((host) => line.includes(host));
        if (word !== undefined) problems.push(`${path}:${index + 1}: ${word}`);
      }
    }
    return { problems };
  },
};

/** The registry this machine installs from; often a mirror whose name nobody else knows. */
async function configuredHosts(root: string): Promise<readonly string[]> {
  const { code, output } = await runCommand("pnpm", ["config", "get", "registry"], { cwd: root });
  const url = code === 0 ? URL.parse(output.trim()) : null;
  // A registry on this very machine has a name everybody may say.
  return url === null || !/[a-z]\.[a-z]/.test(url.host) ? [] : [url.host];
}
