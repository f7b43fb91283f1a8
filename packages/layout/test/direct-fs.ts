import { type FsFile, type FsPort, nodeFs } from "@store/layout";

const PAGE = 4096;

/** A file system that opens no file past the page cache. */
export const withoutDirect: FsPort = {
  ...nodeFs,
  open: (path, mode, options) => nodeFs.open(path, mode, { ...options, direct: false }),
};

/** A file system whose files are written past the cache as `write` says, whatever the machine's can. */
export function createDirectFs(
  write: (file: FsFile, ...args: Parameters<FsFile["write"]>) => Promise<number>,
): {
  readonly fs: FsPort;
  readonly counts: { writes: number };
} {
  const counts = { writes: 0 };
  const fs: FsPort = {
    ...withoutDirect,
    async open(path, mode, options) {
      const file = await withoutDirect.open(path, mode, options);
      if (options?.direct !== true || mode !== "update") return file;
      return {
        ...file,
        alignment: PAGE,
        write(buffer, position) {
          counts.writes += 1;
          return write(file, buffer, position);
        },
      };
    },
  };
  return { fs, counts };
}

/** What some file systems say to a direct write after they have opened the file for it. */
export const refuseDirect = (): Promise<never> =>
  Promise.reject(Object.assign(new Error("EINVAL: write"), { code: "EINVAL" }));
