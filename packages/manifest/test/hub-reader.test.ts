/** The hub's own reader of GGUF headers says the same as ours. */
import { readdirSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { gguf } from "@huggingface/gguf";
import { afterAll, beforeAll, expect, it } from "vitest";

import { inspectGguf } from "../src/inspect/index.ts";
import { rangesOf } from "./support/byte-ranges.ts";

const folder = join(import.meta.dirname, "golden", "models");
/** It compares parameters with the size of the file; the recorded ones end with their headers. */
const SIZE = 1_000_000;

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "store-headers-"));
});
afterAll(() => rm(directory, { recursive: true }));

it.each(readdirSync(folder).filter((file) => file.endsWith(".gguf")))(
  "says the same of %s as we do",
  async (file) => {
    const path = join(directory, file);
    await copyFile(join(folder, file), path);
    await truncate(path, SIZE);
    const theirs = await gguf(path, { allowLocalFile: true, computeParametersCount: true });
    const ours = await inspectGguf(rangesOf(new Uint8Array(await readFile(path))));
    const { littleEndian, parameterCount, tensorInfos } = theirs;
    const metadata: ReadonlyMap<string, unknown> = new Map(Object.entries(theirs.metadata));
    const architecture = metadata.get("general.architecture");
    expect(ours).toMatchObject({
      formatVersion: metadata.get("version"),
      byteOrder: littleEndian ? "little" : "big",
      architecture,
      name: metadata.get("general.name"),
      license: metadata.get("general.license"),
      tensorCount: tensorInfos.length,
      parameterCount,
      contextLength: metadata.get(`${String(architecture)}.context_length`),
      chatTemplate: metadata.get("tokenizer.chat_template"),
    });
  },
);
