// Names and pins that cannot be read: each stops a sweep, which says which file it is, and what it
// says helps.

import { createHash } from "node:crypto";
import { mkdir, rename, symlink } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { createSandbox, type Sandbox } from "./support/sandbox.ts";

interface BadRoot {
  readonly what: string;
  /** Puts it there. Answers what the message must speak of. */
  plant(sandbox: Sandbox): Promise<string>;
  /** What the hint must offer, and what then is done. */
  readonly offers: RegExp;
  remedy(sandbox: Sandbox): Promise<unknown>;
}

const windows = process.platform === "win32";
const moveOut = (from: string) => (sandbox: Sandbox) =>
  rename(join(sandbox.home, "models/manifests", from), join(sandbox.home, "moved out"));

const pinFile = (subject: string): string =>
  `models/.store/pins/${createHash("sha256").update(subject).digest("hex")}.json`;

const roots: readonly BadRoot[] = [
  {
    what: "garbage under a flat name",
    plant: (sandbox) => sandbox.write("models/manifests/broken.json", "{"),
    offers: /: `store rm broken`/,
    remedy: (sandbox) => sandbox.run("rm", "broken"),
  },
  {
    what: "a document of a version to come",
    plant: (sandbox) => sandbox.write("models/manifests/later.json", '{"schema_version": 99}'),
    offers: /: `store rm later`/,
    remedy: (sandbox) => sandbox.run("rm", "later"),
  },
  {
    what: "garbage under a full name",
    plant: (sandbox) => sandbox.write("models/manifests/h/n/m/t", "garbage"),
    offers: /: `store rm h\/n\/m:t`/,
    remedy: (sandbox) => sandbox.run("rm", "h/n/m:t"),
  },
  {
    what: "more than a manifest can have",
    plant: (sandbox) => sandbox.write("models/manifests/huge.json", "x".repeat(5_000_000)),
    offers: /: `store rm huge`/,
    remedy: (sandbox) => sandbox.run("rm", "huge"),
  },
  {
    what: "a link that leads nowhere under a name",
    async plant({ home }) {
      const path = join(home, "models/manifests/linked.json");
      await symlink(join(home, "nowhere"), path);
      return path;
    },
    offers: /: `store rm linked`/,
    remedy: (sandbox) => sandbox.run("rm", "linked"),
  },
  {
    what: "a link in the place of a directory of names",
    async plant({ home }) {
      await mkdir(join(home, "elsewhere"));
      const path = join(home, "models/manifests/host");
      await symlink(join(home, "elsewhere"), path);
      return path;
    },
    offers: /: move .*manifests.host out of the store/,
    remedy: moveOut("host"),
  },
  {
    what: "a pin of garbage",
    plant: (sandbox) => sandbox.write(pinFile("kept"), "garbage"),
    offers: /: move .*pins.*\.json out of the store/,
    remedy: (sandbox) => sandbox.run("unpin", "kept"),
  },
  {
    what: "a pin of nobody knows what",
    plant: (sandbox) => sandbox.write(pinFile("?"), ""),
    offers: /: move .*pins.*\.json out of the store/,
    remedy: (sandbox) => rename(join(sandbox.home, pinFile("?")), join(sandbox.home, "moved out")),
  },
];

for (const { what, plant, offers, remedy } of roots) {
  const skipped = windows && what.includes("link") ? " (skipped: needs a right on Windows)" : "";
  it.skipIf(skipped !== "")(
    `a sweep stops at ${what}, and what it says helps${skipped}`,
    async () => {
      await using sandbox = await createSandbox();
      await sandbox.run("add", await sandbox.writeModel("gone.gguf"));
      await sandbox.run("add", await sandbox.writeModel("kept.gguf", { seed: 2 }));
      await sandbox.run("rm", "gone");
      const path = await plant(sandbox);
      for (const args of [["gc"], ["gc", "--dry-run"]]) {
        const refused = await sandbox.run(...args);
        expect(refused.code).toBeGreaterThanOrEqual(6);
        expect(refused.stdout).toBe("");
        expect(refused.stderr).toContain(path);
        expect(refused.stderr).toMatch(offers);
      }
      await remedy(sandbox);
      expect((await sandbox.json("gc"))["destroyed"]).toHaveLength(1);
      expect(await sandbox.run("verify")).toMatchObject({ code: 0 });
    },
  );
}

it("removing a name that could not be read does not speak of other names", async () => {
  await using sandbox = await createSandbox();
  await sandbox.write("models/manifests/broken.json", "{");
  const { stdout } = await sandbox.run("rm", "broken");
  expect(stdout).toMatch(/^removed broken, which could not be read; .*\n$/);
});
