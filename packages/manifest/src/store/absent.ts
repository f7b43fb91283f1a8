import { isErrno } from "@store/layout";

/**
 * The answer of a question about a path below `manifests/`, or `undefined` where nothing has it.
 * A file where a directory was expected means the same: nothing can be below it.
 */
export async function ifThere<T>(question: Promise<T>): Promise<T | undefined> {
  try {
    return await question;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
