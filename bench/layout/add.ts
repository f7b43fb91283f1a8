import { rm } from "node:fs/promises";
import { join } from "node:path";

import { openBlobStore, openLayout } from "@store/layout";

import { compare, report } from "../harness/compare.ts";
import { hasCommand } from "../harness/has-command.ts";
import { runCommand } from "../harness/run-command.ts";
import { LARGE_BYTES, withScratch, writeRandomFile } from "../harness/scratch.ts";

/** Taking a file in: copied, hashed and synced; and linked in place. */
export async function benchAdd(): Promise<void> {
  if (!(await hasCommand("openssl", ["version"])))
    return report("add and adopt", "skipped: there is no openssl here to compare with");
  return withScratch(async (directory) => {
    const source = join(directory, "model.bin");
    const copy = join(directory, "copy.bin");
    const root = join(directory, "models");
    await writeRandomFile(source, LARGE_BYTES);
    const clear = (): Promise<void> => rm(root, { recursive: true, force: true });
    const adopt = async (mode: "copy" | "link"): Promise<unknown> =>
      openBlobStore(await openLayout(root)).adopt(source, { mode });

    await compare("add by copy, synced", {
      ours: { name: "adopt (copy)", prepare: clear, run: () => adopt("copy") },
      theirs: {
        name: "cp; sync; openssl dgst",
        prepare: () => rm(copy, { force: true }),
        async run() {
          await runCommand("cp", [source, copy]);
          await runCommand("sync", [copy]);
          await runCommand("openssl", ["dgst", "-sha256", copy]);
        },
      },
      target: 0.65,
    });
    await rm(copy, { force: true });
    await compare("adopt by link", {
      ours: { name: "adopt (link)", prepare: clear, run: () => adopt("link") },
      theirs: {
        name: "openssl dgst",
        run: () => runCommand("openssl", ["dgst", "-sha256", source]),
      },
      target: 1.05,
    });
  });
}
