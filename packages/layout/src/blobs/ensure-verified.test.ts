import { chmod, mkdir, writeFile } from "node:fs/promises";

import { expect, it } from "vitest";

import { digestBytes } from "../digest/digester.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { openBlobStore } from "../index.ts";
import { createTemporaryLayout } from "../testing/index.ts";
import { interceptFs } from "../../test/intercept-fs.ts";

it("finds a foreign blob absent that a sweep takes while it is being hashed", async () => {
  await using temporary = await createTemporaryLayout();
  const { paths } = temporary.layout;
  const bytes = new TextEncoder().encode("from another tool");
  const digest = digestBytes(bytes);
  await mkdir(paths.blobDirectory(digest), { recursive: true });
  await writeFile(paths.blob(digest), bytes);
  await chmod(paths.blob(digest), 0o444);
  const sweeper = openBlobStore(temporary.layout);
  const fs = interceptFs(nodeFs, async (operation, path) => {
    if (operation !== "syncDirectory" || path !== paths.blobDirectory(digest)) return;
    await (await sweeper.trash(digest, "sweep"))?.destroy();
  });
  const blobs = openBlobStore(await temporary.reopen({ fs }));
  expect(await blobs.ensureVerified(digest)).toBeUndefined();
});
