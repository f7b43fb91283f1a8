import { StoreError } from "@store/layout";

/** What is wrong with a frame; `what` in the detail of its error. */
export type FrameFault =
  | "block-checksum"
  | "block-size"
  | "content-checksum"
  | "content-size"
  | "header-checksum"
  | "literals"
  | "magic"
  | "match-offset"
  | "output"
  | "reserved-bits"
  | "size"
  | "too-large"
  | "truncated"
  | "version";

const sentences: Readonly<Record<FrameFault, string>> = {
  "block-checksum": "a block does not match its checksum",
  "block-size": "a block is larger than the frame allows",
  "content-checksum": "the content does not match its checksum",
  "content-size": "the content does not have the size the frame declares",
  "header-checksum": "the header does not match its checksum",
  literals: "a run of literals goes beyond its block",
  magic: "there is no LZ4 frame",
  "match-offset": "a match points outside of what was decoded",
  output: "a block decodes to more than the frame allows",
  "reserved-bits": "reserved bits are set",
  size: "the content does not have the expected size",
  "too-large": "the content is larger than the caller accepts",
  truncated: "the input ends too early",
  version: "the frame version is unknown",
};

/** @param offset bytes from the start of the input to where it shows */
export function frameInvalid(what: FrameFault, offset: number): StoreError {
  return new StoreError(`damaged LZ4 frame: ${sentences[what]} (at byte ${offset})`, {
    kind: "corrupt",
    code: "ERR_STORE_FRAME_INVALID",
    detail: { offset, what },
  });
}

export function frameUnsupported(what: "dictionary" | "legacy", offset: number): StoreError {
  const sentence =
    what === "legacy" ? "LZ4 legacy frames are not read" : "the LZ4 frame needs a dictionary";
  return new StoreError(`${sentence} (at byte ${offset})`, {
    kind: "unsupported",
    code: "ERR_STORE_FRAME_UNSUPPORTED",
    hint: "Unpack it with the `lz4` command and add the content.",
    detail: { offset, what },
  });
}
