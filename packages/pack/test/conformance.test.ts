import {
  createTemporaryLayout,
  blobReaderSuite,
  type TemporaryLayout,
} from "@store/layout/testing";
import { afterAll } from "vitest";

import { createPackWriter, openPackSet, type PackSet } from "../src/index.ts";

const layouts: TemporaryLayout[] = [];
const sets: PackSet[] = [];

afterAll(async () => {
  for (const set of sets) await set[Symbol.asyncDispose]();
  for (const layout of layouts) await layout[Symbol.asyncDispose]();
});

blobReaderSuite({
  name: "a pack set",
  async create(contents) {
    const temporary = await createTemporaryLayout();
    layouts.push(temporary);
    // One pack each: what holds for one file holds for several.
    for (const content of contents) {
      await using writer = createPackWriter(temporary.layout);
      await writer.add(content);
      await writer.finish();
    }
    const set = await openPackSet(temporary.layout);
    sets.push(set);
    return set;
  },
});
