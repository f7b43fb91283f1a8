import { basename, join } from "node:path";

import type { Digest } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import { createId } from "../fs/temporary-name.ts";
import { writeDocument } from "../fs/write-document.ts";
import type { Layout } from "../root/layout.ts";

export interface QuarantineReason {
  /** Short, as it appears in the file's name: `digest-mismatch`. */
  readonly reason: string;
  readonly expected?: Digest | undefined;
  readonly actual?: Digest | undefined;
  /** Where the bytes came from, redacted. */
  readonly origin?: string | undefined;
}

/** `20261121T101112Z`, the convention's stamp. */
function stamp(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
}

/**
 * Moves bad bytes out of the way and keeps them (INV-8), with a note beside them that says what
 * they were taken for. The name is the convention's, plus an id so that two of one second never
 * replace each other.
 *
 * @returns the path they have now
 */
export async function quarantineFile(
  layout: Layout,
  path: string,
  why: QuarantineReason,
): Promise<string> {
  const { fs, paths } = layout;
  await layout.makeDirectory(paths.quarantine);
  const reason = why.reason.replace(/[^A-Za-z0-9]/g, "-");
  const name = `${stamp(layout.now())}-${reason}-${createId()}`;
  const target = join(paths.quarantine, `${name}.bin`);
  await fs.rename(path, target);
  const note = { ...why, quarantinedAtMs: layout.now(), formerly: basename(path) };
  try {
    await writeDocument(
      fs,
      join(paths.quarantine, `${name}.json`),
      new TextEncoder().encode(`${JSON.stringify(note, null, 2)}\n`),
      { replace: false },
    );
  } catch (error) {
    // The bytes are safe; on a full disk the note may not be.
    if (!isErrno(error, "ENOSPC", "EDQUOT")) throw error;
  }
  return target;
}
