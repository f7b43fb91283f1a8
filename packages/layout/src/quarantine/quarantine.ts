import { basename, join } from "node:path";

import { isErrno } from "../errors/errno.ts";
import { refusesHardLinks } from "../fs/hard-links.ts";
import { createId } from "../fs/temporary-name.ts";
import { writeDocument } from "../fs/write-document.ts";
import type { Layout } from "../root/layout.ts";

export interface QuarantineReason {
  /** Short, as it appears in the file's name: `digest-mismatch`. */
  readonly reason: string;
  /** A digest, or git's name of the bytes where nobody knows one. */
  readonly expected?: string | undefined;
  readonly actual?: string | undefined;
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
  return keep(layout, path, why, (target) => layout.fs.rename(path, target));
}

/** Keeps bad bytes that were in memory only. @returns the path they have */
export async function quarantineBytes(
  layout: Layout,
  bytes: Uint8Array,
  why: QuarantineReason,
): Promise<string> {
  if (layout.readOnly !== undefined) throw layout.readOnly;
  return keep(layout, undefined, why, (target) =>
    writeDocument(layout.fs, target, bytes, { replace: false }),
  );
}

/**
 * Gives bad bytes a second name in quarantine, for whoever is about to replace the first.
 *
 * @returns `false` where there are no hard links; then nothing was done
 */
export async function quarantineLink(
  layout: Layout,
  path: string,
  why: QuarantineReason,
): Promise<boolean> {
  try {
    await keep(layout, path, why, async (target) => {
      await layout.fs.link(path, target);
      await layout.fs.syncDirectory(layout.paths.quarantine);
    });
    return true;
  } catch (error) {
    if (refusesHardLinks(error)) return false;
    throw error;
  }
}

async function keep(
  layout: Layout,
  path: string | undefined,
  why: QuarantineReason,
  give: (target: string) => Promise<unknown>,
): Promise<string> {
  const { fs, paths } = layout;
  await layout.makeDirectory(paths.quarantine);
  const reason = why.reason.replace(/[^A-Za-z0-9]/g, "-");
  const name = `${stamp(layout.now())}-${reason}-${createId()}`;
  const target = join(paths.quarantine, `${name}.bin`);
  await give(target);
  const formerly = path === undefined ? undefined : basename(path);
  const note = { ...why, quarantinedAtMs: layout.now(), formerly };
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
