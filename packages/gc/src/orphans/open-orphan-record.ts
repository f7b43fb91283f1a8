import {
  errnoOf,
  ifPresent,
  isStoreError,
  type Layout,
  readDocument,
  writeDocument,
} from "@store/layout";

import type { GcOrphans } from "../ports.ts";
import { formatOrphans, ORPHANS_BYTES_MAX, parseOrphans } from "./orphan-record-format.ts";

/**
 * What sweeps remember of each other, in `.store/orphans`. A record that cannot be read or
 * understood counts as none: every orphan is young again, which costs a day and never a byte.
 */
export function openOrphanRecord(layout: Layout): GcOrphans {
  const { fs, paths } = layout;

  return {
    async read() {
      const bytes = await readUnlessDamaged(layout);
      if (bytes === undefined) return [];
      // Latin-1 maps every byte to a character, so bytes that are no text fail the parse.
      return parseOrphans(Buffer.from(bytes).toString("latin1")) ?? [];
    },
    async write(records) {
      const text = formatOrphans(records);
      if (text === "" && (await ifPresent(fs.lstat(paths.orphans))) === undefined) return;
      await layout.makeDirectory(paths.own);
      await writeDocument(fs, paths.orphans, Buffer.from(text, "latin1"), { replace: true });
    },
  };
}

async function readUnlessDamaged({ fs, paths }: Layout): Promise<Uint8Array | undefined> {
  try {
    return await readDocument(fs, paths.orphans, { bytesMax: ORPHANS_BYTES_MAX });
  } catch (error) {
    if (!isStoreError(error) && errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
