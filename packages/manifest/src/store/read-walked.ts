import { type AbortOptions, type FsPort, ifPresent } from "@store/layout";

import { decodeManifest } from "../document/decode-manifest.ts";
import type { Name } from "../name/name.ts";
import { isAbsence } from "./absent.ts";
import { askInBursts } from "./ask-in-bursts.ts";
import type { StoredManifest } from "./manifest-store.ts";
import { readManifest, toStored } from "./read-manifest.ts";
import type { WalkedFile } from "./walked-file.ts";

/** Nearly every manifest is smaller by far; larger ones are read without holding the thread. */
const SMALL_BYTES_MAX = 64 * 1024;

/** What reading one file came to. */
export type WalkedManifest<F extends WalkedFile = WalkedFile> =
  | { readonly file: F; readonly stored: StoredManifest; readonly modifiedAtMs: number }
  | { readonly file: F; readonly error: unknown }
  /** Gone since its directory was read. */
  | { readonly file: F; readonly gone: true };

/**
 * Reads every one of many files that a walk found, in their order. An error belongs to its file
 * and ends nothing: what it means is for the caller to say.
 */
export async function* readWalked<F extends WalkedFile>(
  fs: FsPort,
  files: readonly F[],
  options: AbortOptions,
): AsyncGenerator<WalkedManifest<F>> {
  const buffer = new Uint8Array(SMALL_BYTES_MAX);
  const answers = askInBursts(
    files,
    {
      blocking: fs.blocking && ((file) => readNow(fs.blocking, file, buffer)),
      waiting: (file) => readPatiently(fs, file),
    },
    options,
  );
  for await (const some of answers) yield* some;
}

/** What a stray file holds is looked at under a name that it does not have. */
function nameFor(file: WalkedFile): Name {
  return file.kind === "name" ? file.name : { kind: "flat", name: file.path };
}

function readNow<F extends WalkedFile>(
  blocking: FsPort["blocking"],
  file: F,
  buffer: Uint8Array,
): WalkedManifest<F> | undefined {
  try {
    const small = blocking?.readSmall(file.path, buffer);
    if (small === undefined) return undefined;
    const bytes = small.bytes.slice();
    const document = decodeManifest(bytes, { path: file.path });
    const stored = toStored(nameFor(file), file.path, document, bytes);
    return { file, stored, modifiedAtMs: small.stat.mtimeMs };
  } catch (error) {
    return isAbsence(error) ? { file, gone: true } : { file, error };
  }
}

async function readPatiently<F extends WalkedFile>(
  fs: FsPort,
  file: F,
): Promise<WalkedManifest<F>> {
  try {
    const stored = await readManifest(fs, nameFor(file), file.path);
    const stat = stored && (await ifPresent(fs.lstat(file.path)));
    if (stored === undefined || stat === undefined) return { file, gone: true };
    return { file, stored, modifiedAtMs: stat.mtimeMs };
  } catch (error) {
    return { file, error };
  }
}
