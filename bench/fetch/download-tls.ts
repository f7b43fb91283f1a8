import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { digestFile } from "@store/layout";

import { compare } from "../harness/compare.ts";
import { hasCommand } from "../harness/has-command.ts";
import { runCommand } from "../harness/run-command.ts";
import { LARGE_BYTES, withScratch, writeRandomFile } from "../harness/scratch.ts";
import { startNginx } from "./nginx.ts";
import { freshDirectory, pullUrl } from "./pull-to.ts";

const MIB = 1024 * 1024;

/** A large file over TLS from nginx on this machine to disk; curl verifies nothing of it. */
export function benchDownloadTls(): Promise<void> {
  return withScratch(async (scratch) => {
    await using nginx = await startNginx(scratch);
    if (nginx === undefined) return;
    if (!(await hasCommand("curl", ["--version"]))) {
      process.stdout.write("  left out: curl is not installed\n");
      return;
    }
    const served = join(nginx.www, "model.gguf");
    await writeRandomFile(served, LARGE_BYTES);
    const digest = await digestFile(served);
    const ca = await readFile(nginx.certificate, "utf8");
    const url = `${nginx.tlsOrigin}/model.gguf`;
    const store = freshDirectory(scratch, "models");
    const file = freshDirectory(scratch, "file");
    await compare(`${LARGE_BYTES / MIB} MiB over TLS`, {
      ours: {
        name: "pull, verified",
        prepare: store.clear,
        run: () => pullUrl(store.path, url, digest, { ca }),
      },
      theirs: {
        name: "curl to a file",
        prepare: file.clear,
        run: () => runCommand("curl", ["-sf", "--cacert", nginx.certificate, "-o", file.path, url]),
      },
      rounds: 3,
      target: 1.2,
    });
  });
}
