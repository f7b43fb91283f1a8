import { type Digest, StoreError } from "@store/layout";
import { filesOf, formatName, type ModelFile, type StoredManifest } from "@store/manifest";
import { unpackBlobs } from "@store/pack";

import type { CommandContext } from "../command-context.ts";
import { chooseEntryPoint } from "../models/entry-point.ts";
import { checkAsked, findModel } from "../models/find-model.ts";
import { ensureFiles, makeView, viewPath } from "../models/views.ts";
import { openStore, type Store } from "../open-store.ts";

interface Found {
  readonly kind: "file" | "directory";
  readonly path: string;
}

/** `store path NAME [FILE]`: what a runtime can open, verified. */
export async function printPath(
  context: CommandContext,
  text: string,
  wanted: string | undefined,
): Promise<number> {
  checkAsked(text);
  await using store = await openStore(context);
  const stored = await findModel(store.manifests, text);
  const files = filesOf(stored.document);
  if (files.length === 0) throw noFiles(stored);
  const found =
    wanted === undefined
      ? await openModel(context, store, stored, files)
      : await openFile(context, store, stored, findFile(stored, files, wanted));
  context.output.answer({
    json: {
      name: formatName(stored.name),
      digest: stored.descriptor.digest,
      kind: found.kind,
      path: found.path,
    },
    // As it is: this is what `$(store path NAME)` hands to a program.
    text: `${found.path}\n`,
  });
  return 0;
}

async function openModel(
  { signal }: CommandContext,
  store: Store,
  stored: StoredManifest,
  files: readonly ModelFile[],
): Promise<Found> {
  const entry = chooseEntryPoint(files);
  if (entry.kind === "blob") {
    await ensureFiles(store, stored, [entry.file], { signal });
    await bringBack(store, [entry.file], signal);
    const location = await store.blobs.locate(entry.file.digest, { signal });
    if (location?.kind === "file") return { kind: "file", path: location.path };
  } else {
    await ensureFiles(store, stored, files, { signal });
    await bringBack(store, files, signal);
  }
  // It went into a pack again meanwhile: then it gets a file among the views.
  const shown = entry.kind === "blob" ? [entry.file] : files;
  const made = await makeView(store, stored.descriptor.digest, shown, { signal });
  if (entry.kind === "directory") {
    return { kind: "directory", path: viewPath(store.layout, stored.descriptor.digest) };
  }
  const target = made.find(({ path }) => path === entry.file.path)?.target;
  if (target === undefined) throw new TypeError(`no view of ${entry.file.path}`);
  return { kind: "file", path: target };
}

/** Gives what lies in a pack a file of its own, which a runtime can open and the view share. */
async function bringBack(
  { layout, blobs }: Store,
  files: readonly ModelFile[],
  signal: AbortSignal,
): Promise<void> {
  const packed: Digest[] = [];
  for (const { digest } of files) {
    if ((await blobs.stat(digest, { signal }))?.where === "packed") packed.push(digest);
  }
  if (packed.length > 0) await unpackBlobs(layout, packed, { signal });
}

/** One file under its own name, which a runtime may go by. */
async function openFile(
  { signal }: CommandContext,
  store: Store,
  stored: StoredManifest,
  file: ModelFile,
): Promise<Found> {
  await ensureFiles(store, stored, [file], { signal });
  await bringBack(store, [file], signal);
  const [made] = await makeView(store, stored.descriptor.digest, [file], { signal });
  if (made === undefined) throw new TypeError(`no view of ${file.path}`);
  return { kind: "file", path: made.target };
}

function findFile(
  { name }: StoredManifest,
  files: readonly ModelFile[],
  wanted: string,
): ModelFile {
  const file = files.find(({ path }) => path === wanted);
  if (file !== undefined) return file;
  const text = formatName(name, "short");
  throw new StoreError(`${text} has no file ${wanted}`, {
    kind: "not-found",
    code: "ERR_STORE_FILE_NOT_FOUND",
    hint: `\`store show ${text}\` lists its files.`,
    detail: { name: formatName(name), path: wanted },
  });
}

function noFiles({ name, document }: StoredManifest): StoreError {
  const text = formatName(name);
  const what =
    document.kind === "index" ? "leads to manifests of several platforms" : "has no files";
  return new StoreError(`${text} ${what}, so there is nothing to open`, {
    kind: "unsupported",
    code: "ERR_STORE_NO_FILES",
    detail: { name: text },
  });
}
