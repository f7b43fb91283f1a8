import { isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { checkFilePaths } from "./file-path.ts";

function refusal(...paths: readonly string[]): string | undefined {
  try {
    checkFilePaths(paths);
    return undefined;
  } catch (error) {
    if (!isStoreError(error, "ERR_STORE_FILE_PATH_INVALID")) throw error;
    return String(error.detail["problem"]);
  }
}

describe("checkFilePaths", () => {
  it.each([
    "model.gguf",
    "sub/dir/tokenizer.json",
    ".gitattributes",
    "with space & ü.txt",
    "模型/重み.safetensors",
    "a..b",
    "…",
    "-rf",
    "x~",
    "a@b+c=d,e;f'g(h)[i]{j}",
    "com0",
    "x".repeat(255),
    `${"a/".repeat(400)}x`,
  ])("accepts %s", (path) => {
    expect(refusal(path)).toBeUndefined();
  });

  it.each([
    ["", "empty"],
    ["/etc/passwd", "absolute"],
    ["//x", "absolute"],
    ["..", "a part `..`"],
    ["../x", "a part `..`"],
    ["a/../b", "a part `..`"],
    ["a/..", "a part `..`"],
    [".", "a part `.`"],
    ["a/./b", "a part `.`"],
    ["a//b", "an empty part"],
    ["a/", "an empty part"],
    ["..\\x", "`\\` is no part of a file name everywhere"],
    ["C:x", "`:` is no part of a file name everywhere"],
    ["a:stream", "`:` is no part of a file name everywhere"],
    ["a?b", "`?` is no part of a file name everywhere"],
    ["a*b", "`*` is no part of a file name everywhere"],
    ['a"b', '`"` is no part of a file name everywhere'],
    ["a|b", "`|` is no part of a file name everywhere"],
    ["a<b", "`<` is no part of a file name everywhere"],
    ["a\0b", "a control character"],
    ["a\nb", "a control character"],
    ["a\u007fb", "a control character"],
    ["a\u0085b", "a control character"],
    ["a\ud800", "half a surrogate pair"],
    ["a.", "a part that ends in a dot or a space"],
    ["a ", "a part that ends in a dot or a space"],
    ["a./b", "a part that ends in a dot or a space"],
    ["... ", "a part that ends in a dot or a space"],
    ["con", "a Windows device name"],
    ["x/NUL.txt", "a Windows device name"],
    ["aux.tar.gz/x", "a Windows device name"],
    ["con .txt", "a Windows device name"],
    ["x".repeat(256), "a part longer than 255 bytes"],
    ["é".repeat(128), "a part longer than 255 bytes"],
    [`${"a/".repeat(512)}x`, "longer than 1024 bytes"],
  ])("refuses %j", (path, problem) => {
    expect(refusal(path)).toBe(problem);
  });

  it.each([
    [["a", "a"]],
    [["Model.gguf", "model.GGUF"]],
    [["sub/A", "SUB/a"]],
    [["straße", "STRASSE"]],
    [["\u00e9", "e\u0301"]],
    [["\u212a", "k"]],
    [["ｘ", "x"]],
    [["ﬁ", "fi"]],
    [["a", "a/b"]],
    [["a/b", "a"]],
    [["A", "a/b"]],
    [["a/b/c", "A/B"]],
  ])("refuses %j: one would be in the way of the other", (paths) => {
    expect(refusal(...paths)).toMatch(/^in the way of/);
  });

  it("accepts siblings and files in one directory", () => {
    expect(refusal("a/b", "a/c", "ab", "b/a", "a.b")).toBeUndefined();
  });
});
