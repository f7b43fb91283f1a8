import { unpackBlobs, type UnpackBlobsReport } from "@store/pack";

import type { CommandContext } from "../command-context.ts";
import { describeError, exitCodeOf } from "../errors/report-error.ts";
import { usageError } from "../errors/usage-error.ts";
import { openStore } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatPlural } from "../output/format-count.ts";
import { blobsOf, checkWanted } from "../packs/choose-blobs.ts";

/** `store unpack WHAT…`: gives packed blobs files of their own again. */
export async function unpackStore(
  context: CommandContext,
  texts: readonly string[],
  flags: { readonly all?: boolean },
): Promise<number> {
  checkWanted(texts);
  const all = flags.all === true;
  if (all === texts.length > 0) {
    throw usageError("say what to unpack", "Give names or digests, or --all and nothing else.");
  }
  const { output, signal } = context;
  await using store = await openStore(context);
  const digests = all ? store.packs.list({ signal }) : await blobsOf(store, texts);
  let done = 0;
  const report = await unpackBlobs(store.layout, digests, {
    signal,
    onProgress() {
      done += 1;
      output.status.draw(() => `unpacked ${formatPlural(done, "blob")}`);
    },
  });
  const failed = report.failed.map(({ digest, error }) => ({
    digest,
    error: describeError(error),
  }));
  output.answer({ json: { ...report, failed }, text: toText(report) });
  const [failure] = report.failed;
  return failure === undefined ? 0 : exitCodeOf(failure.error);
}

function toText({ unpacked, failed, deleted }: UnpackBlobsReport): string {
  const lines = [`unpacked ${formatPlural(unpacked.length, "blob")}`];
  if (deleted.length > 0) lines.push(`deleted ${formatPlural(deleted.length, "pack")}`);
  for (const { digest, error } of failed) lines.push(`${digest}: ${escapeText(error.message)}`);
  return lines.map((line) => `${line}\n`).join("");
}
