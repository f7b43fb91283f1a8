import { afterEach } from "vitest";

import { createMemoryBlobStore, openBlobStore, overlay, type BlobStore } from "@store/layout";
import {
  blobStoreSuite,
  createTemporaryLayout,
  ingestSuite,
  type TemporaryLayout,
} from "@store/layout/testing";

const used: TemporaryLayout[] = [];

afterEach(async () => {
  for (const temporary of used.splice(0)) await temporary[Symbol.asyncDispose]();
});

async function createDisk(): Promise<BlobStore> {
  const temporary = await createTemporaryLayout();
  used.push(temporary);
  return openBlobStore(temporary.layout);
}

const stores = [
  { name: "the disk store", create: createDisk },
  { name: "the memory store", create: async () => createMemoryBlobStore() },
  {
    name: "an overlay of disk and memory",
    create: async () =>
      overlay({ writable: await createDisk(), readOnly: [createMemoryBlobStore()] }),
  },
];

for (const store of stores) {
  blobStoreSuite(store);
  ingestSuite(store);
}
