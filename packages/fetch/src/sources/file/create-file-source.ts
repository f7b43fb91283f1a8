import { basename, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { explaining, type FsPort, ifPresent, nodeFs, StoreError } from "@store/layout";

import { formatOf } from "../../files/model-format.ts";
import { modelNotFound } from "../../http/http-errors.ts";
import { flatNameFrom } from "../../names/flat-name.ts";
import { referencePart } from "../../names/reference-part.ts";
import type { ResolvedModel, Source, SourceFile } from "../../source.ts";
import { listFiles } from "./list-files.ts";
import { openFileRange } from "./open-file-range.ts";

export interface FileSourceOptions {
  readonly fs?: FsPort | undefined;
}

/**
 * Files and directories of this machine: `file://` URLs, absolute paths, and relative ones that
 * begin with a dot, so that no name of a model is mistaken for a file.
 *
 * The path itself may be a link; links inside a directory are refused. Names that begin with a dot
 * are left out of a directory: they are tools' own.
 */
export function createFileSource(options: FileSourceOptions = {}): Source {
  const fs = options.fs ?? nodeFs;
  return {
    scheme: "file",
    // One stream reads a disk as fast as several, and is hashed as it comes.
    connectionsMax: 1,
    accepts: (location) => parsePath(location) !== undefined,
    async resolve(location, { signal } = {}): Promise<ResolvedModel | undefined> {
      const path = parsePath(location);
      if (path === undefined) return undefined;
      signal?.throwIfAborted();
      const real = await ifPresent(fs.realpath(path));
      if (real === undefined) throw nothingThere(location, path);
      return explaining(`read ${real}`, () => describeAt(location, real, signal));
    },
    open: async (_model, file, range, openOptions) =>
      openFileRange(fs, fileURLToPath(file.url ?? ""), file, range, openOptions),
  };

  async function describeAt(
    location: string,
    real: string,
    signal: AbortSignal | undefined,
  ): Promise<ResolvedModel> {
    const { kind } = await fs.lstat(real);
    if (kind === "file") return describe(location, real, [await toFile(fs, real, basename(real))]);
    if (kind !== "directory") throw notRegular(real);
    const files: SourceFile[] = [];
    for (const relative of await listFiles(fs, real, { signal })) {
      files.push(await toFile(fs, join(real, relative), relative));
    }
    if (files.length === 0) {
      throw modelNotFound(location, "file", {
        message: `no files in ${real}`,
        hint: "Names that begin with a dot are left out; choose the model's own directory.",
      });
    }
    return describe(location, real, files);
  }
}

function describe(location: string, real: string, files: readonly SourceFile[]): ResolvedModel {
  const name = basename(real);
  const [only] = files.length === 1 ? files : [];
  return {
    location,
    revision: "",
    files,
    suggestedName:
      only === undefined
        ? `registry.ollama.ai/library/${referencePart(name)}:latest`
        : flatNameFrom(only.path),
    format: formatOf(files.map(({ path }) => path)),
    source: { registry: "", repo: "", revision: "", filename: only?.path ?? "" },
  };
}

async function toFile(fs: FsPort, path: string, relative: string): Promise<SourceFile> {
  const { size } = await fs.lstat(path);
  return { path: relative, size, url: pathToFileURL(path).href };
}

/** The absolute path a location means, or `undefined` for one that is no path. */
function parsePath(location: string): string | undefined {
  if (/^file:\/\//i.test(location)) {
    try {
      return fileURLToPath(location);
    } catch (error) {
      throw new StoreError(`not a file URL: ${location.slice(0, 200)}`, {
        kind: "invalid",
        code: "ERR_STORE_LOCATION_UNKNOWN",
        hint: "Write file:///absolute/path.",
        detail: { location: location.slice(0, 200) },
        cause: error,
      });
    }
  }
  if (location.includes("\0")) return undefined;
  const isPath = isAbsolute(location) || /^\.{1,2}(?:[/\\]|$)/.test(location);
  return isPath ? resolve(location) : undefined;
}

function nothingThere(location: string, path: string): StoreError {
  return modelNotFound(location, "model", {
    message: `no file or directory ${path}`,
    hint: "Check the path. A model that is elsewhere has no / or . in front: hf.co/org/repo, ollama://model:tag.",
  });
}

function notRegular(path: string): StoreError {
  return new StoreError(`not a regular file or directory: ${path}`, {
    kind: "invalid",
    code: "ERR_STORE_NOT_A_FILE",
    hint: "Choose a file, or the directory of a model.",
    detail: { path },
  });
}
