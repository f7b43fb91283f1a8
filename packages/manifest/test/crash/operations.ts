import type { BlobStore } from "@store/layout";

import { encodeV1, type ManifestStore } from "../../src/index.ts";
import { addBlob, describeText, imageBytes, nameOf, textOf, v1Of } from "../support/test-store.ts";

export interface Stores {
  readonly blobs: BlobStore;
  readonly manifests: ManifestStore;
}

/** One change to a store. What a name holds is given as text, `undefined` if it does not exist. */
export interface Operation {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  prepare(stores: Stores): Promise<unknown>;
  run(stores: Stores): Promise<unknown>;
}

const oldImage = imageBytes([describeText("old layer")]);
const newImage = imageBytes([describeText("new layer")]);
const flat = encodeV1(v1Of("flat", describeText("weights")));
const ref = nameOf("h/n/m:t");
const source = nameOf("h/n/source:t");

async function putOld({ blobs, manifests }: Stores, name = ref): Promise<void> {
  await addBlob(blobs, "old layer");
  await manifests.put(name, oldImage);
}

export const operations: Readonly<Record<string, Operation>> = {
  put: {
    name: "flat",
    before: undefined,
    after: textOf(flat),
    prepare: async () => {},
    async run({ blobs, manifests }) {
      await addBlob(blobs, "weights");
      await manifests.put(nameOf("flat"), flat, { ifMatch: null });
    },
  },
  link: {
    name: "h/n/m:t",
    before: undefined,
    after: textOf(newImage),
    async prepare({ blobs }) {
      await addBlob(blobs, "new layer");
      await addBlob(blobs, textOf(newImage));
    },
    run: ({ manifests }) => manifests.link(ref, describeText(textOf(newImage)).digest),
  },
  relink: {
    name: "h/n/m:t",
    before: textOf(oldImage),
    after: textOf(newImage),
    prepare: putOld,
    async run({ blobs, manifests }) {
      await addBlob(blobs, "new layer");
      await manifests.put(ref, newImage);
    },
  },
  unlink: {
    name: "h/n/m:t",
    before: textOf(oldImage),
    after: undefined,
    prepare: putOld,
    run: ({ manifests }) => manifests.unlink(ref),
  },
  tag: {
    name: "h/n/m:t",
    before: undefined,
    after: textOf(oldImage),
    prepare: (stores) => putOld(stores, source),
    run: ({ manifests }) => manifests.tag(source, ref),
  },
};
