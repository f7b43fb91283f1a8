import { describe, expect, it } from "vitest";

import { foldName, formatName } from "./format-name.ts";
import { REF_DEFAULTS } from "./name.ts";
import { parseName } from "./parse-name.ts";

const ref = { kind: "ref", ...REF_DEFAULTS, model: "llama3.2" } as const;

describe("formatName", () => {
  it("leaves nothing out of the full form", () => {
    expect(formatName(ref)).toBe("registry.ollama.ai/library/llama3.2:latest");
    expect(formatName({ kind: "flat", name: "Gemma" })).toBe("Gemma");
  });

  it("leaves out the default host and namespace of the short form, never the tag", () => {
    expect(formatName(ref, "short")).toBe("llama3.2:latest");
    expect(formatName({ ...ref, namespace: "me" }, "short")).toBe("me/llama3.2:latest");
    expect(formatName({ ...ref, host: "h:1" }, "short")).toBe("h:1/library/llama3.2:latest");
  });

  it("keeps the case of a host that differs from the default only there", () => {
    const shouted = { ...ref, host: "REGISTRY.OLLAMA.AI" };
    expect(formatName(shouted, "short")).toBe("REGISTRY.OLLAMA.AI/library/llama3.2:latest");
  });

  it("keeps the namespace where the model would read as the start of a digest", () => {
    const name = { ...ref, model: "sha256" };
    expect(formatName(name, "short")).toBe("library/sha256:latest");
    expect(parseName(formatName(name, "short"), { defaults: REF_DEFAULTS }).name).toEqual(name);
  });
});

describe("foldName", () => {
  it("is the same for two spellings, and never for a flat name and a reference", () => {
    expect(foldName({ ...ref, model: "Llama3.2" })).toBe(foldName(ref));
    expect(foldName({ kind: "flat", name: "ABC" })).toBe(foldName({ kind: "flat", name: "abc" }));
    expect(foldName({ kind: "flat", name: "llama3.2" })).not.toBe(foldName(ref));
  });
});
