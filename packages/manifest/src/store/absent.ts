import { isErrno } from "@store/layout";

/**
 * The answer of a question about a path below `manifests/`, or `undefined` where nothing has it.
 * A file where a directory was expected means the same: nothing can be below it.
 */
export async function ifThere<T>(question: Promise<T>): Promise<T | undefined> {
  try {
    return await question;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Whether an error says that nothing has the path that was asked about. */
export function isAbsence(error: unknown): boolean {
  return isErrno(error, "ENOENT", "ENOTDIR");
}
