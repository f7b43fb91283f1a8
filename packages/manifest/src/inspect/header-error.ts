import { StoreError } from "@store/layout";

import type { ModelInfo } from "./model-info.ts";

type Format = ModelInfo["format"];

/** `ERR_STORE_HEADER_INVALID`: the file says it is a model of this format, and is damaged. */
export function headerInvalid(format: Format, message: string, offset?: number): StoreError {
  const where = offset === undefined ? "" : ` at offset ${offset}`;
  return new StoreError(`not a valid ${format} header: ${message}${where}`, {
    kind: "corrupt",
    code: "ERR_STORE_HEADER_INVALID",
    hint: "Fetch the file again; if it stays so, it was published damaged.",
    detail: { format, message, ...(offset === undefined ? {} : { offset }) },
  });
}

/** `ERR_STORE_HEADER_UNSUPPORTED`: a version of the format this code does not know. */
export function headerUnsupported(format: Format, found: number): StoreError {
  return new StoreError(`${format} version ${found} is unknown to us`, {
    kind: "unsupported",
    code: "ERR_STORE_HEADER_UNSUPPORTED",
    hint: "Upgrade this program.",
    detail: { format, found },
  });
}
