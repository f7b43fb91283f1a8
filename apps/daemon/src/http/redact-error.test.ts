import { describe, expect, it } from "vitest";

import { StoreError } from "@store/layout";

import { createErrorRedactor } from "./redact-error.ts";

const ROOT = "/home/some one/models";
const redact = createErrorRedactor(ROOT);

function errorOf(message: string, detail: Readonly<Record<string, unknown>> = {}): StoreError {
  return new StoreError(message, { kind: "corrupt", code: "ERR_STORE_TEST", detail });
}

describe("createErrorRedactor", () => {
  it.each([
    [
      `not a blob: ${ROOT}/blobs/sha256/aa/x/data (it is a fifo)`,
      "not a blob: <path> (it is a fifo)",
    ],
    ["cannot read x: EIO at /mnt/disk/models/a", "cannot read x: EIO at <path>"],
    ["EACCES: permission denied, open '/etc/shadow'", "EACCES: permission denied, open '<path>'"],
    ["at C:\\Users\\me\\models", "at <path>"],
    ["at c:/Users/me", "at <path>"],
    ["at \\\\server\\share\\x", "at <path>"],
    ["see file:///etc/passwd", "see <path>"],
    ["/etc/passwd", "<path>"],
  ])("hides the path in %j", (message, expected) => {
    expect(redact(errorOf(message)).message).toBe(expected);
  });

  it.each([
    "no model registry.ollama.ai/library/llama3:latest",
    "blob sha256:ab has 3 bytes, expected 4",
    "fetched from https://huggingface.co/org/model",
    "application/octet-stream / text/plain",
    "a/../b",
  ])("keeps %j, which names no place on this machine", (message) => {
    expect(redact(errorOf(message)).message).toBe(message);
  });

  it("drops what is called a path, and hides paths at any depth of the detail", () => {
    const { detail } = redact(
      errorOf("x", {
        path: "/a/b",
        quarantinePath: "/a/c",
        digest: "sha256:ab",
        size: 3,
        issues: ["bad at /a/d", { dir: "/a", at: `${ROOT}/x` }],
      }),
    );
    expect(detail).toEqual({
      digest: "sha256:ab",
      size: 3,
      issues: ["bad at <path>", { at: "<path>" }],
    });
  });

  it("says nothing of an error that is not the store's own", () => {
    const json = JSON.stringify(redact(new Error(`secret at ${ROOT}`)));
    expect(json).not.toContain("secret");
    expect(JSON.parse(json)).toMatchObject({ kind: "internal", code: "ERR_STORE_INTERNAL" });
    expect(redact("text")).toEqual(redact(undefined));
  });

  it("sends neither stack nor cause", () => {
    const error = new StoreError("x", {
      kind: "internal",
      code: "ERR_STORE_TEST",
      cause: new Error("deep"),
    });
    const sent = JSON.stringify(redact(error));
    expect(sent).not.toContain("deep");
    expect(sent).not.toContain(".ts");
  });
});
