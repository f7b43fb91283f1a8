import { isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import type { ResolvedModel, SourceFile } from "../source.ts";
import { createPolicy } from "./create-policy.ts";
import type { PolicyRules } from "./pull-policy.ts";

function ruleOf(
  files: readonly (string | SourceFile)[],
  rules?: PolicyRules,
  model: Partial<ResolvedModel> = {},
): string | undefined {
  const listed = files.map((file) => (typeof file === "string" ? { path: file, size: 10 } : file));
  const filename = listed.length === 1 ? (listed[0]?.path ?? "") : "";
  const source = { registry: "huggingface.co", repo: "org/m", revision: "", filename };
  const subject = {
    files: listed,
    model: {
      location: "hf.co/org/m",
      revision: "",
      files: listed,
      suggestedName: "m",
      source,
      ...model,
    },
  };
  try {
    void createPolicy(rules)(subject);
    return undefined;
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_POLICY_REFUSED")) throw error;
    return String(error.detail["rule"]);
  }
}

describe("a policy", () => {
  it("without rules allows what only holds data", () => {
    expect(ruleOf(["model.safetensors", "config.json", "x.gguf", "ct2/model.bin"])).toBeUndefined();
  });

  it.each([
    "pytorch_model.bin",
    "pytorch_model-00001-of-00002.bin",
    "unet/diffusion_pytorch_model.fp16.bin",
    "model.pt",
    "a/B.CKPT",
    "training_args.bin",
    "x.pkl",
  ])("refuses %s unless it is asked for", (path) => {
    expect(ruleOf([path, "config.json"])).toBe("pickle");
    expect(ruleOf([path, "config.json"], { allowPickle: true })).toBeUndefined();
    expect(ruleOf([path], {}, { location: `hf.co/org/m/${path}` })).toBeUndefined();
    expect(ruleOf([path])).toBe("pickle");
  });

  it("does not judge the files of this machine", () => {
    const source = { registry: "", repo: "", revision: "", filename: "" };
    expect(ruleOf(["a.pt", "b"], { allowedHosts: ["x"] }, { source })).toBeUndefined();
  });

  it("refuses what a scan found harmful, and not what it has not looked at", () => {
    expect(ruleOf([{ path: "a.onnx", size: 1, scan: "unsafe" }])).toBe("scan");
    expect(ruleOf([{ path: "a.onnx", size: 1, scan: "suspicious" }])).toBe("scan");
    expect(ruleOf([{ path: "a.onnx", size: 1, scan: "queued" }])).toBeUndefined();
    const rules = { allowUnsafe: true };
    expect(ruleOf([{ path: "a.onnx", size: 1, scan: "unsafe" }], rules)).toBeUndefined();
  });

  it("knows hosts, exactly and below a domain", () => {
    expect(ruleOf(["a"], { allowedHosts: ["HuggingFace.co"] })).toBeUndefined();
    expect(ruleOf(["a"], { allowedHosts: [] })).toBe("host");
    for (const [pattern, rule] of [
      ["*.co", undefined],
      ["*.face.co", "host"],
      ["face.co", "host"],
    ]) {
      expect(ruleOf(["a"], { allowedHosts: [pattern ?? ""] }), pattern).toBe(rule);
    }
  });

  it("knows licences, and takes none for a no", () => {
    const rules = { allowedLicenses: ["MIT"] };
    expect(ruleOf(["a"], rules, { license: "mit" })).toBeUndefined();
    expect(ruleOf(["a"], rules, { license: "gpl-3.0" })).toBe("license");
    expect(ruleOf(["a"], rules)).toBe("license");
  });

  it("knows a maximum size, and takes an unknown one for too large", () => {
    expect(ruleOf(["a", "b"], { bytesMax: 20 })).toBeUndefined();
    expect(ruleOf(["a", "b"], { bytesMax: 19 })).toBe("size");
    expect(ruleOf([{ path: "a" }], { bytesMax: 19 })).toBe("size");
  });
});
