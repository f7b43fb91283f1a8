import { type Digest, digestBytes } from "@store/layout";
import { decodeManifest, encodeV1 } from "@store/manifest";

import { compare } from "../harness/compare.ts";

const MANIFESTS = 20_000;

/** @param license one with a quotation mark is written with an escape, which few documents have */
function v1Bytes(index: number, license: string): Uint8Array {
  const blob: Digest = digestBytes(new TextEncoder().encode(String(index)));
  return encodeV1({
    kind: "v1",
    name: `gemma-4-e4b-${index}`,
    format: "gguf",
    blob,
    size: 5_000_000_000 + index,
    license,
    source: {
      registry: "huggingface.co",
      repo: "example/gemma-4-e4b-GGUF",
      revision: "main",
      filename: "gemma-4-e4b-Q4_K_M.gguf",
    },
    producedBy: "inferd/0.3.1",
    producedAt: "2026-05-18T17:06:10Z",
  });
}

/** Strict reading, with every field checked, against what the platform does with the same bytes. */
export async function benchDecode(): Promise<void> {
  await compareDecoding(`decode ${MANIFESTS} v1 manifests`, "apache-2.0", 3);
  await compareDecoding(`decode ${MANIFESTS} v1 manifests with escapes`, 'the "new" one');
}

async function compareDecoding(title: string, license: string, target?: number): Promise<void> {
  const documents = Array.from({ length: MANIFESTS }, (_, index) => v1Bytes(index, license));
  const decoder = new TextDecoder();
  await compare(title, {
    ours: {
      name: "decodeManifest",
      run: async () => documents.forEach((bytes) => decodeManifest(bytes)),
    },
    theirs: {
      name: "JSON.parse",
      run: async () => documents.forEach((bytes) => JSON.parse(decoder.decode(bytes)) as unknown),
    },
    rounds: 9,
    ...(target !== undefined && { target }),
  });
}
