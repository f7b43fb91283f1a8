import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { decodeManifest, encodeV1, type V1Manifest } from "../src/index.ts";
import { textOf, utf8 } from "./support/test-store.ts";

const folder = new URL("golden/v1/", import.meta.url);

function read(file: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(file, folder)));
}

function decodeV1(bytes: Uint8Array): V1Manifest {
  const document = decodeManifest(bytes);
  if (document.kind !== "v1") throw new TypeError(`a ${document.kind} manifest`);
  return document;
}

describe("the recorded v1 manifests", () => {
  it.each(readdirSync(folder))("%s is written back byte for byte", (file) => {
    expect(textOf(encodeV1(decodeV1(read(file))))).toBe(textOf(read(file)));
  });

  it("have the fields they show", () => {
    expect(decodeV1(read("plain.manifest"))).toEqual({
      kind: "v1",
      name: "tiny-llama",
      format: "gguf",
      blob: "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      size: 5_126_304_928,
      license: "apache-2.0",
      source: {
        registry: "huggingface.co",
        repo: "org/tiny-llama-GGUF",
        revision: "main",
        filename: "tiny-llama-Q4_K_M.gguf",
      },
      producedBy: "inferd/0.2.0",
      producedAt: "2026-05-18T17:06:10Z",
    });
  });

  it("keep what they do not know as it was written", () => {
    const { extra, source } = decodeV1(read("unknown-fields.manifest"));
    expect(extra?.map(({ key }) => key)).toEqual(["zeta", "signature", "alpha"]);
    expect(extra?.[0]?.json).toBe("1e400");
    expect(source.extra).toEqual([{ key: "mirror", json: '[\n      "a",\n      1.50\n    ]' }]);
  });
});

describe("a v1 manifest", () => {
  const plain = textOf(read("plain.manifest"));

  it("may lack a licence, and is then written with null", () => {
    const without = plain.replace('  "license": "apache-2.0",\n', "");
    const document = decodeV1(utf8(without));
    expect(document.license).toBeUndefined();
    expect(textOf(encodeV1(document))).toBe(plain.replace('"apache-2.0"', "null"));
  });

  it("is put in order when its fields come in another one", () => {
    const value = JSON.parse(plain) as Record<string, unknown>;
    const reversed = JSON.stringify(Object.fromEntries(Object.entries(value).toReversed()));
    expect(textOf(encodeV1(decodeV1(utf8(reversed))))).toBe(plain);
  });

  it("gets its digest in canonical form", () => {
    const shouted = plain.replace(/sha256:[0-9a-f]{64}/, (digest) =>
      digest.toUpperCase().replace("SHA256:", "sha256-"),
    );
    expect(textOf(encodeV1(decodeV1(utf8(shouted))))).toBe(plain);
  });

  it("never carries half a surrogate pair", () => {
    const document = { ...decodeV1(read("plain.manifest")), license: "a\ud800b" };
    expect(decodeV1(encodeV1(document)).license).toBe("a\u{fffd}b");
  });
});
