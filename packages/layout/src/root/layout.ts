import { resolve } from "node:path";

import { StoreError } from "../errors/store-error.ts";
import { asStoreError } from "../errors/system-error.ts";
import { ifPresent } from "../fs/absence.ts";
import type { FsPort } from "../fs/fs-port.ts";
import { createDirectoryMaker } from "../fs/make-directories.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { writeDocument } from "../fs/write-document.ts";
import { createNodeProcesses } from "../processes/node-processes.ts";
import type { ProcessTable } from "../processes/process-identity.ts";
import { createPaths, type Paths } from "./paths.ts";
import { shareDirectories } from "./shared-directories.ts";
import { encodeStoreFormat, whyNotWritable } from "./store-format.ts";

/** An opened root: its paths and the impurities every store over it shares. */
export interface Layout {
  readonly paths: Paths;
  readonly fs: FsPort;
  /** Wall-clock milliseconds. For ages and records, never for ordering. */
  readonly now: () => number;
  /** Who we are, and who else is certainly gone. */
  readonly processes: ProcessTable;
  /** `undefined` if we may write, else why not. A caller that must write throws it. */
  readonly readOnly: StoreError | undefined;
  /**
   * Makes a directory below the root durably, with the root and everything on the way.
   *
   * @param options.lasting `false` for a directory that is removed again at some time
   * @throws StoreError `readOnly`
   */
  makeDirectory(path: string, options?: { readonly lasting?: boolean }): Promise<void>;
  /** The same store over {@link FsPort.prompt}, for many small files; itself where there is none. */
  readonly prompt: Layout;
}

export interface OpenLayoutOptions {
  readonly fs?: FsPort;
  readonly now?: () => number;
  readonly processes?: ProcessTable;
  /** Opens for reading only, whatever the store says: a site's shared store, for example. */
  readonly readOnly?: boolean;
}

/**
 * Attaches to a store. Creates nothing: directories appear with the first write.
 *
 * @param root made absolute; may be absent; may be a link, which is followed now and never again
 * @throws StoreError `ERR_STORE_NOT_A_DIRECTORY`
 */
export async function openLayout(root: string, options: OpenLayoutOptions = {}): Promise<Layout> {
  if (root === "") throw notADirectory(root, "empty directory name");
  const fs = options.fs ?? nodeFs;
  const given = resolve(root);
  try {
    const stat = await ifPresent(fs.stat(given));
    if (stat !== undefined && stat.kind !== "directory") {
      throw notADirectory(given, `not a directory: ${given}`);
    }
    const paths = createPaths(stat === undefined ? given : await withoutLink(fs, given));
    const refusal = stat === undefined ? undefined : await whyNotWritable(fs, paths);
    const readOnly = options.readOnly ? openedReadOnly(paths.root) : refusal;
    const { now = Date.now, processes = createNodeProcesses() } = options;
    const shared = stat === undefined ? fs : shareDirectories(fs, stat.mode);
    return createLayout({ paths, fs: shared, now, processes, readOnly });
  } catch (error) {
    throw asStoreError(error, `open the store`, given);
  }
}

/** Resolved once: whoever points the link elsewhere later does not split what is under way. */
async function withoutLink(fs: FsPort, root: string): Promise<string> {
  return (await fs.lstat(root)).kind === "symlink" ? fs.realpath(root) : root;
}

function createLayout(parts: Omit<Layout, "makeDirectory" | "prompt">): Layout {
  const { paths, fs, readOnly } = parts;
  const maker = createDirectoryMaker(fs, paths.root);
  let marked: Promise<void> | undefined;

  async function markFormat(): Promise<void> {
    await maker.make(paths.own);
    if ((await ifPresent(fs.lstat(paths.format))) !== undefined) return;
    await writeDocument(fs, paths.format, encodeStoreFormat(), { replace: false });
  }

  let prompt: Layout | undefined;
  const layout: Layout = {
    ...parts,
    get prompt() {
      prompt ??= fs.prompt === undefined ? layout : createLayout({ ...parts, fs: fs.prompt });
      return prompt;
    },
    async makeDirectory(path, makeOptions) {
      if (readOnly !== undefined) throw readOnly;
      // Once per layout, before anything else of ours appears; a failure is tried again.
      marked ??= markFormat();
      await marked.catch((error: unknown) => {
        marked = undefined;
        throw error;
      });
      await maker.make(path, makeOptions);
    },
  };
  return layout;
}

function notADirectory(path: string, message: string): StoreError {
  return new StoreError(message, {
    kind: "invalid",
    code: "ERR_STORE_NOT_A_DIRECTORY",
    hint: "Choose a directory with --home or MODELS_HOME.",
    detail: { path },
  });
}

function openedReadOnly(path: string): StoreError {
  return new StoreError(`the store at ${path} is open for reading only`, {
    kind: "denied",
    code: "ERR_STORE_READ_ONLY",
    detail: { path },
  });
}
