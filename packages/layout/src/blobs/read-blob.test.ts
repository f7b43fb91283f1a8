import { expect, it } from "vitest";

import { openBlobStore } from "../index.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { collectContent } from "../testing/content.ts";
import { createTemporaryLayout } from "../testing/index.ts";
import { interceptFs } from "../../test/intercept-fs.ts";

it("reads a blob that sweeps move aside again and again before it is opened", async () => {
  await using temporary = await createTemporaryLayout();
  const blobs = openBlobStore(temporary.layout);
  const bytes = new TextEncoder().encode("wanted by many");
  const { digest } = await blobs.add(bytes);
  let moves = 0;
  const fs = interceptFs(nodeFs, async (operation, path) => {
    if (operation !== "open" || !path.endsWith("/data") || moves === 20) return;
    moves += 1;
    await blobs.trash(digest, `sweep-${moves}`);
  });
  const disturbed = openBlobStore(await temporary.reopen({ fs }));
  expect(await collectContent(disturbed.read(digest))).toEqual(bytes);
  expect(moves).toBe(20);
});
