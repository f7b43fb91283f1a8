import { downloadFileToCacheDir, snapshotDownload } from "@huggingface/hub";

export interface HubDownload {
  /** Origin of the hub. */
  readonly hubUrl: string;
  readonly repo: string;
  /** Directory to download into. */
  readonly cacheDir: string;
}

/** The hub's own client for Node: a whole repository. */
export const hubSnapshot = (download: HubDownload): Promise<string> =>
  quietly(() => snapshotDownload(download));

/** The hub's own client for Node: one file. */
export const hubFile = (download: HubDownload, path: string): Promise<string> =>
  quietly(() => downloadFileToCacheDir({ ...download, path }));

/** It says what it downloads, file by file. */
async function quietly<T>(run: () => Promise<T>): Promise<T> {
  const before: unknown = Reflect.get(console, "debug");
  Reflect.set(console, "debug", () => {});
  try {
    return await run();
  } finally {
    Reflect.set(console, "debug", before);
  }
}
