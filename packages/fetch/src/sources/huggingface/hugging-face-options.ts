import type { HttpOptions } from "../../http/http-options.ts";

export interface HuggingFaceOptions extends HttpOptions {
  /** Base URL of the hub or of a mirror; `https://huggingface.co` by default. */
  readonly endpoint?: string | undefined;
  /**
   * Access token, or where to find it when the hub is first asked. Sent to the endpoint's origin
   * alone.
   */
  readonly token?: string | (() => Promise<string | undefined>) | undefined;
}
