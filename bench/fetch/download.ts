import { join } from "node:path";

import { digestFile } from "@store/layout";

import { compare, type Side } from "../harness/compare.ts";
import { hasCommand } from "../harness/has-command.ts";
import { runCommand } from "../harness/run-command.ts";
import { LARGE_BYTES, withScratch, writeRandomFile } from "../harness/scratch.ts";
import { runAria2 } from "./aria2.ts";
import { hubFile } from "./hub-client.ts";
import { hubConfiguration, writeHubSite } from "./hub-site.ts";
import { startNginx } from "./nginx.ts";
import { freshDirectory, pullUrl } from "./pull-to.ts";

const MIB = 1024 * 1024;
const REPO = "org/large";
const FILE = "model.gguf";

/**
 * A large file from nginx on this machine to disk. Ours is verified and durable; curl's and the
 * hub client's are neither, aria2's is verified.
 */
export function benchDownload(): Promise<void> {
  return withScratch(async (scratch) => {
    await using nginx = await startNginx(scratch, hubConfiguration);
    if (nginx === undefined) return;
    const { origin, www } = nginx;
    const served = join(www, FILE);
    await writeRandomFile(served, LARGE_BYTES);
    await writeHubSite(www, REPO, [{ path: FILE, lfs: served }]);
    const digest = await digestFile(served);
    const store = freshDirectory(scratch, "models");
    const other = freshDirectory(scratch, "other");
    const size = `${LARGE_BYTES / MIB} MiB`;
    const ours: Side = {
      name: "pull, verified",
      prepare: store.clear,
      run: () => pullUrl(store.path, `${origin}/${FILE}`, digest),
    };
    const others: readonly {
      readonly title: string;
      readonly target: number;
      readonly side: Side;
    }[] = [
      {
        title: "curl",
        target: 0.9,
        side: {
          name: "curl to a file",
          run: () => runCommand("curl", ["-sf", "-o", other.path, `${origin}/${FILE}`]),
        },
      },
      {
        title: "@huggingface/hub",
        target: 1 / 1.8,
        side: {
          name: "@huggingface/hub",
          run: () => hubFile({ hubUrl: origin, repo: REPO, cacheDir: other.path }, FILE),
        },
      },
      {
        title: "aria2c",
        target: 1 / 2.5,
        side: {
          name: "aria2c -x16 with --checksum",
          run: () => runAria2(`${origin}/${FILE}`, other.path, digest),
        },
      },
    ];
    for (const { title, target, side } of others) {
      if (title !== "@huggingface/hub" && !(await hasCommand(title, ["--version"]))) {
        process.stdout.write(`  left out: ${title} is not installed\n`);
        continue;
      }
      await compare(`${size} over http, against ${title}`, {
        ours,
        theirs: { prepare: other.clear, ...side },
        rounds: 3,
        target,
      });
    }
  });
}
