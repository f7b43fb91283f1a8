import { openBlobStore, openLayout, openLeaseStore } from "@store/layout";
import {
  encodeModelPack,
  filesOf,
  findName,
  formatName,
  openManifestStore,
  parseName,
} from "@store/manifest";

export async function example(root: string, print: (line: string) => void): Promise<void> {
  const layout = await openLayout(root);
  const blobs = openBlobStore(layout);
  const manifests = openManifestStore(layout, { blobs, leases: openLeaseStore(layout) });

  // Blobs first: a name is refused while one of its blobs is missing.
  const text = new TextEncoder();
  const weights = await blobs.add(text.encode("the weights"));
  const config = await blobs.add(text.encode('{"model_type":"tiny"}'));
  const pack = encodeModelPack(
    [
      { path: "model.safetensors", digest: weights.digest, size: weights.size },
      { path: "config.json", digest: config.digest, size: config.size },
    ],
    { name: "tiny", licenses: ["mit"] },
  );
  await blobs.put(pack.config.descriptor, pack.config.bytes);

  const { name } = parseName("example.org/me/tiny:v1");
  if (name === undefined) throw new Error("a digest alone is no name");
  await manifests.put(name, pack.bytes, { ifMatch: null });

  // What a person types, in any spelling.
  const found = await findName(manifests, "EXAMPLE.org/me/Tiny:V1");
  const stored = found && (await manifests.get(found));
  if (stored === undefined) throw new Error("not found");
  print(`${formatName(stored.name)} is ${stored.descriptor.digest.slice(0, 19)}…`);
  for (const file of filesOf(stored.document))
    print(`${file.path}: ${file.size} bytes, ${file.role}`);

  const { released } = await manifests.remove(stored.name);
  print(`removed; the next sweep may take ${released.length} blobs`);
}
