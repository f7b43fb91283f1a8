import { isStoreError } from "@store/layout";
import { checkFilePaths } from "@store/manifest";

/** Whether a path can be the path of a model's file: see `checkFilePaths`. */
export function isFilePath(path: string): boolean {
  try {
    checkFilePaths([path]);
    return true;
  } catch (error) {
    if (isStoreError(error, "ERR_STORE_FILE_PATH_INVALID")) return false;
    throw error;
  }
}
