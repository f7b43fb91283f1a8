import { basename, dirname, resolve } from "node:path";

import { nodeFs } from "@store/layout";
import { describePack, type PackDescription, type PackHome, parsePackId } from "@store/pack";

import type { CommandContext } from "../command-context.ts";
import { EXIT_CODES } from "../errors/exit-codes.ts";
import { usageError } from "../errors/usage-error.ts";
import { openStore } from "../open-store.ts";
import { escapeText } from "../output/escape-text.ts";
import { formatTable } from "../output/format-table.ts";

/** `store debug pack FILE`: what is in a pack, in whatever state it is. Changes nothing. */
export async function debugFile(
  context: CommandContext,
  kind: string,
  text: string,
): Promise<number> {
  if (kind !== "pack") {
    throw usageError(`cannot describe a ${kind}`, "`store debug pack FILE` describes a pack.");
  }
  const description = await describe(context, text);
  context.output.answer({ json: description, text: toText(description) });
  if (description.problems.length === 0) return 0;
  return description.files.length === 0 ? EXIT_CODES["not-found"] : EXIT_CODES.corrupt;
}

async function describe(context: CommandContext, text: string): Promise<PackDescription> {
  const { signal } = context;
  const id = /^(?:pack-)?([0-9a-f]{16})(?:\.[a-z0-9.-]+)?$/.exec(basename(text))?.[1];
  if (id === undefined) {
    throw usageError(`not a file of a pack: ${text}`, "Give pack-<id>.dat, or the id alone.");
  }
  if (basename(text) !== text) {
    const home: PackHome = { fs: nodeFs, dir: resolve(dirname(text)) };
    return describePack(home, parsePackId(id), { signal });
  }
  await using store = await openStore(context);
  return await describePack(store.layout, parsePackId(id), { signal });
}

function toText({ id, files, problems, contents }: PackDescription): string {
  const lines = [`pack ${id}`];
  for (const { name, size } of files) lines.push(`  ${escapeText(name)}: ${size} bytes`);
  for (const { message, code } of problems) lines.push(`error: ${escapeText(message)} (${code})`);
  const head = lines.map((line) => `${line}\n`).join("");
  if (contents === undefined) return head;
  const { count, identifiedCount, encodedBytes, contentBytes, entries } = contents;
  const sums = `${count} entries, ${identifiedCount} with a SHA-256; ${contentBytes} bytes of content in ${encodedBytes}\n`;
  const rows = entries.map(({ offset, encodedSize, size, key, digest }) => [
    String(offset),
    String(encodedSize),
    size === undefined ? "?" : String(size),
    key,
    digest ?? "-",
  ]);
  const titles = ["OFFSET", "FRAME", "CONTENT", "KEY", "DIGEST"];
  return `${head}${sums}${formatTable([titles, ...rows], { right: [0, 1, 2] })}`;
}
