import { describe, expect, it } from "vitest";

import { decodeManifest } from "./decode-manifest.ts";
import { filesOf } from "./files-of.ts";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

interface Layer {
  readonly mediaType?: string;
  readonly name?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** `path role` of each file of an image manifest over such layers. */
function files(...layers: readonly Layer[]): readonly string[] {
  const described = layers.map((layer, index) => ({
    digest: digest((index + 1).toString(16)),
    size: index + 1,
    ...layer,
  }));
  const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, layers: described }));
  return filesOf(decodeManifest(bytes)).map(({ path, role }) => `${path} ${role}`);
}

const ollama = (kind: string): Layer => ({ mediaType: `application/vnd.ollama.image.${kind}` });
const docker = (kind: string): Layer => ({ mediaType: `application/vnd.docker.ai.${kind}` });
const pack = (kind: string, path: string, org = "cncf"): Layer => ({
  mediaType: `application/vnd.${org}.model.${kind}`,
  annotations: { [`org.${org}.model.filepath`]: path },
});

describe("filesOf", () => {
  it("names the layers of an Ollama model after their kind", () => {
    expect(
      files(
        ollama("model"),
        ollama("projector"),
        ollama("template"),
        ollama("system"),
        ollama("params"),
        ollama("messages"),
        ollama("license"),
      ),
    ).toEqual([
      "model.gguf weights",
      "mmproj.gguf weights",
      "template config",
      "system config",
      "params.json config",
      "messages.json config",
      "license doc",
    ]);
  });

  it("numbers the second layer of a kind", () => {
    const twice = [ollama("license"), ollama("license"), ollama("model"), ollama("model")];
    expect(files(...twice, ollama("license"))).toEqual([
      "license doc",
      "license-2 doc",
      "model.gguf weights",
      "model-2.gguf weights",
      "license-3 doc",
    ]);
  });

  it("takes the names of tensors from the manifest", () => {
    expect(
      files(
        { ...ollama("tensor"), name: "blk.0.attn/q" },
        { ...ollama("json"), name: "config.json" },
      ),
    ).toEqual(["blk.0.attn/q weights", "config.json config"]);
  });

  it("reads ModelPack of today and of before its renaming", () => {
    expect(
      files(
        pack("weight.v1.raw", "a/model.safetensors"),
        pack("weight.config.v1.raw", "config.json"),
        pack("doc.v1.raw", "README.md"),
        pack("code.v1.raw", "run.py"),
        pack("dataset.v1.raw", "data.csv"),
        pack("weight.v1.raw", "old.gguf", "cnai"),
      ),
    ).toEqual([
      "a/model.safetensors weights",
      "config.json config",
      "README.md doc",
      "run.py code",
      "data.csv other",
      "old.gguf weights",
    ]);
  });

  it("calls an archive an archive", () => {
    expect(
      files(
        pack("weight.v1.tar", "w"),
        pack("weight.config.v1.tar+gzip", "c"),
        pack("doc.v1.tar+zstd", "d"),
      ),
    ).toEqual(["w.tar weights", "c.tar.gz config", "d.tar.zst doc"]);
  });

  it("takes the title where there is no file path, and prefers the path", () => {
    const title = { "org.opencontainers.image.title": "titled.gguf" };
    expect(files({ annotations: title })).toEqual(["titled.gguf weights"]);
    const both = { ...title, "org.cncf.model.filepath": "path.gguf" };
    expect(files({ annotations: both })).toEqual(["path.gguf weights"]);
  });

  it("leaves out layers without a name, as oras does", () => {
    expect(files({ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" }, {})).toEqual([]);
  });

  it("knows the layers of Docker Model Runner", () => {
    expect(files(docker("gguf.v3"), docker("gguf.v3.mmproj"), docker("license"))).toEqual([
      "model.gguf weights",
      "mmproj.gguf weights",
      "LICENSE doc",
    ]);
  });

  it("refuses two layers that would be one file somewhere", () => {
    const twins = [pack("doc.v1.raw", "README.md"), pack("doc.v1.raw", "readme.MD")];
    expect(() => files(...twins)).toThrow(
      expect.objectContaining({ code: "ERR_STORE_MANIFEST_INVALID" }),
    );
  });

  it.each([
    ["w.gguf", "w.gguf"],
    ["sub/w.gguf", "sub/w.gguf"],
    ["", "x.gguf"],
    ["../../etc/passwd", "x.gguf"],
    ["a\\b", "x.gguf"],
  ])("names the file of a v1 manifest from %j: %s", (filename, path) => {
    const [file] = filesOf({
      kind: "v1",
      name: "x",
      format: "gguf",
      blob: digest("a") as never,
      size: 3,
      license: undefined,
      source: { registry: "", repo: "", revision: "", filename },
      producedBy: "t/1",
      producedAt: "2026-01-01T00:00:00Z",
    });
    expect(file).toMatchObject({ path, size: 3, role: "weights" });
  });
});
