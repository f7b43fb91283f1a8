/** What the store needs to know of a directory entry. `other` is a socket, fifo or device. */
export type EntryKind = "file" | "directory" | "symlink" | "other";

export interface FsStat {
  readonly kind: EntryKind;
  /** Bytes. */
  readonly size: number;
  /** Wall-clock milliseconds; a foreign file may carry any value. */
  readonly mtimeMs: number;
  /** Permission bits only. */
  readonly mode: number;
  /** Number of names of the file. */
  readonly links: number;
  readonly device: number;
  readonly inode: number;
}

export interface FsEntry {
  readonly name: string;
  readonly kind: EntryKind;
}

/** An open file. Positions are absolute; there is no cursor to share by accident. */
export interface FsFile {
  /**
   * 1, or the bytes that positions, lengths and buffer addresses must be multiples of because the
   * file was opened past the page cache.
   */
  readonly alignment: number;
  /** Reads up to `buffer.length` bytes; fewer only at the end of the file. 0 means end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  /** May write fewer bytes than given without an error when the disk fills: see `writeFully`. */
  write(buffer: Uint8Array, position: number): Promise<number>;
  truncate(size: number): Promise<void>;
  chmod(mode: number): Promise<void>;
  stat(): Promise<FsStat>;
  /** A failed sync is final: the file must be discarded, never synced again (fsync may then lie). */
  sync(): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
  /** Absent where every call has to be seen; whoever uses it can do without. */
  readonly blocking?: BlockingFile | undefined;
}

/** Calls on an open file that hold the thread: see {@link BlockingFs}. */
export interface BlockingFile {
  /** As {@link FsFile.read}. */
  read(buffer: Uint8Array, position: number): number;
}

export interface OpenOptions {
  /** Permission bits of a file that is created. */
  readonly permissions?: number | undefined;
  /**
   * Asks to go past the page cache, for large files that are moved once: it costs the kernel less
   * and leaves other files in the cache. Where the file system cannot, and where the file is new, it
   * is opened as usual; `alignment` tells. A file opened to `read` is read past the cache only where
   * it is not in it, and asks for no alignment: reads of whole pages into page-aligned memory go
   * past it.
   */
  readonly direct?: boolean | undefined;
}

/** How a file is opened. Every form refuses to follow a symlink at the last component. */
export type OpenMode =
  /** Existing file, for reading. Never blocks on a fifo. */
  | "read"
  /** New file, for reading and writing; `EEXIST` if anything has that name. */
  | "create"
  /** Existing file, for reading and writing. */
  | "update";

/** A small file read whole. */
export interface SmallFile {
  readonly bytes: Uint8Array;
  readonly stat: FsStat;
}

/**
 * Calls that hold the thread until the file system answers. Each costs a fraction of a promise, so
 * where thousands of small ones follow each other they are made like this, a few milliseconds at a
 * time. Errors are those of {@link FsPort}.
 */
export interface BlockingFs {
  /** As {@link FsPort.lstat}, but `undefined` where nothing has that path. */
  lstat(path: string): FsStat | undefined;
  entries(path: string): readonly FsEntry[];
  /**
   * The whole of a regular file, opened as `"read"` does; `undefined` if it is something else, or
   * does not fit. The bytes are a view of `buffer`, good until it is used again.
   */
  readSmall(path: string, buffer: Uint8Array): SmallFile | undefined;
}

/**
 * Every file-system call the store makes, so that tests can fail, tear or stop each one of them.
 * Errors are the system's own (`code`, `errno`), never wrapped here.
 */
export interface FsPort {
  open(path: string, mode: OpenMode, options?: OpenOptions): Promise<FsFile>;
  /** Not recursive. */
  mkdir(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
  /** Names only, in no particular order. */
  readdir(path: string): Promise<readonly string[]>;
  entries(path: string): Promise<readonly FsEntry[]>;
  lstat(path: string): Promise<FsStat>;
  /** Follows symlinks. For the root and for a user's own files, never inside the store. */
  stat(path: string): Promise<FsStat>;
  realpath(path: string): Promise<string>;
  /** Never replaces: `EEXIST`. */
  link(existing: string, path: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  /** Replaces. Between two names of one file it does nothing and leaves the source. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  utimes(path: string, atimeMs: number, mtimeMs: number): Promise<void>;
  /** Shares blocks where the file system can (`forced`: or fails); the target must not exist. */
  copyFile(
    from: string,
    to: string,
    options?: { readonly reflink?: "try" | "forced" },
  ): Promise<void>;
  /** Makes names created in, moved into or removed from a directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes an unprivileged writer can still use on the file system of `path`. */
  freeBytes(path: string): Promise<number>;
  /** Absent where every call has to be seen; whoever uses it can do without. */
  readonly blocking?: BlockingFs | undefined;
  /**
   * The same calls, most of which are made before they return and cost a fraction. For many small
   * files: a large read or write would hold the thread. Absent where every call has to be seen.
   */
  readonly prompt?: FsPort | undefined;
  /**
   * Makes several blocking calls that belong together when it is their turn, which costs less than a
   * turn for each. Absent where every call has to be seen; whoever uses it can do without.
   */
  readonly together?: (<R>(calls: (fs: BlockingFs) => R) => Promise<R>) | undefined;
}
