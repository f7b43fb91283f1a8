import { type Digest, openBlobStore } from "@store/layout";
import { packBlobs, type PackBlobsReport, type StayReason } from "@store/pack";

import type { CommandContext } from "../command-context.ts";
import { usageError } from "../errors/usage-error.ts";
import { parseBytes } from "../input/parse-bytes.ts";
import { openStore } from "../open-store.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { formatPlural } from "../output/format-count.ts";
import { blobsOf, checkWanted, smallBlobs } from "../packs/choose-blobs.ts";

export interface PackFlags {
  readonly maxSize?: string;
  readonly dryRun?: boolean;
}

/** Most that a pack takes of one blob. */
const SIZE_MAX = 4 * 1024 * 1024;

/** Below this a file of its own costs more than its bytes; above it a runtime may want to map it. */
const SMALL_SIZE_MAX = 256 * 1024;

const NOTHING_TO_MOVE =
  "blobs of flat names stay files, because other tools open them by path; name one to move it\n";

/** `store pack [WHAT…]`: moves small blobs from files of their own into packs. */
export async function packStore(
  context: CommandContext,
  texts: readonly string[],
  flags: PackFlags,
): Promise<number> {
  checkWanted(texts);
  const named = texts.length > 0;
  const sizeMax =
    flags.maxSize === undefined ? (named ? SIZE_MAX : SMALL_SIZE_MAX) : readSize(flags.maxSize);
  const { output, signal } = context;
  await using store = await openStore(context);
  const loose = openBlobStore(store.layout);
  const digests = named
    ? await blobsOf(store, texts)
    : await smallBlobs(store, loose, sizeMax, { signal });
  if (flags.dryRun === true) {
    const would = { digests: [] as Digest[], bytes: 0 };
    for (const digest of digests) {
      const info = await loose.stat(digest, { signal });
      if (info === undefined || info.size > sizeMax || info.released) continue;
      would.digests.push(digest);
      would.bytes += info.size;
    }
    output.answer({
      json: { dryRun: true, moved: would.digests, looseBytes: would.bytes },
      text: `would move ${formatPlural(would.digests.length, "blob")} (${formatBytes(would.bytes)})\n`,
    });
    return 0;
  }
  let moved = 0;
  const report = await packBlobs(store.layout, digests, {
    entryBytesMax: sizeMax,
    signal,
    onProgress(event) {
      if (event.kind !== "moved") return;
      moved += 1;
      output.status.draw(() => `moved ${formatPlural(moved, "blob")}`);
    },
  });
  const nothing = named || report.moved.length > 0 ? "" : NOTHING_TO_MOVE;
  output.answer({ json: { dryRun: false, ...report }, text: toText(report) + nothing });
  return 0;
}

function readSize(text: string): number {
  const bytes = parseBytes(text);
  if (bytes !== undefined && bytes <= SIZE_MAX) return bytes;
  throw usageError(`not a size for a pack: ${text}`, "Give one up to 4MiB, like 64KiB.");
}

const REASONS: Readonly<Record<StayReason, string>> = {
  absent: "not in a file of their own",
  "too-large": "too large",
  released: "without a name, for `store gc` to take",
  damaged: "damaged: see `store verify`",
  collision: "whose key another content has",
  needed: "needed meanwhile",
};

function toText({ packs, moved, stayed, looseBytes }: PackBlobsReport): string {
  const packBytes = packs.reduce((sum, { size }) => sum + size, 0);
  const into =
    packs.length === 0
      ? ""
      : ` into ${formatPlural(packs.length, "pack")} (${formatBytes(packBytes)})`;
  const lines = [`moved ${formatPlural(moved.length, "blob")} (${formatBytes(looseBytes)})${into}`];
  for (const [why, text] of Object.entries(REASONS)) {
    const count = stayed.filter((stay) => stay.why === why).length;
    if (count > 0) lines.push(`left ${formatPlural(count, "blob")} ${text}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}
