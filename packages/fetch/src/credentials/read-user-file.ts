import { explaining, type FsPort, ifPresent, readDocument } from "@store/layout";

/**
 * The bytes of a small file of the user's, `undefined` if it is not there. Links are followed, as
 * for any configuration: many keep theirs elsewhere.
 */
export async function readUserFile(
  fs: FsPort,
  path: string,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  return explaining(`read ${path}`, async () => {
    const real = await ifPresent(fs.realpath(path));
    return real === undefined ? undefined : readDocument(fs, real, { bytesMax });
  });
}
