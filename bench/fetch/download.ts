import { join } from "node:path";

import { digestFile } from "@store/layout";

import { compare } from "../harness/compare.ts";
import { runCommand } from "../harness/run-command.ts";
import { LARGE_BYTES, withScratch, writeRandomFile } from "../harness/scratch.ts";
import { startNginx } from "./nginx.ts";
import { freshDirectory, pullTo } from "./pull-to.ts";

const MIB = 1024 * 1024;

/** A large file from nginx on this machine to disk. Ours is verified and durable; curl's is neither. */
export function benchDownload(): Promise<void> {
  return withScratch(async (scratch) => {
    await using nginx = await startNginx(scratch);
    if (nginx === undefined) return;
    const served = join(nginx.www, "model.gguf");
    await writeRandomFile(served, LARGE_BYTES);
    const digest = await digestFile(served);
    const store = freshDirectory(scratch, "models");
    const file = freshDirectory(scratch, "file");
    const size = `${LARGE_BYTES / MIB} MiB`;
    const pulled = (origin: string) => ({
      name: "pull, verified",
      prepare: store.clear,
      run: () => pullTo(store.path, `${origin}/model.gguf`, digest),
    });
    const curled = (origin: string) => ({
      name: "curl to a file",
      prepare: file.clear,
      run: () =>
        runCommand("curl", [
          "-sf",
          "--cacert",
          nginx.certificate,
          "-o",
          file.path,
          `${origin}/model.gguf`,
        ]),
    });
    await compare(`${size} over http`, {
      ours: pulled(nginx.origin),
      theirs: curled(nginx.origin),
      target: 0.9,
    });
  });
}
