/** What a fake hub does wrong. Nothing by default. */
export interface FakeHubFaults {
  /** Cuts the connection of file bodies after so many bytes, for so many bodies (default: all). */
  readonly cut?: { readonly afterBytes: number; readonly times?: number };
  /** Slows file bodies down to so many bytes a second each. */
  readonly bytesPerSecond?: number;
  /** Flips one bit of the file of this path. */
  readonly flip?: { readonly path: string; readonly offset: number };
  /** Answers so many requests with 429, and with the fields that are given. */
  readonly rateLimit?: {
    readonly times: number;
    /** `Retry-After`. */
    readonly retryAfter?: string;
    /** `RateLimit`, by which the hub says when to come back. */
    readonly rateLimit?: string;
  };
  /** Ignores `Range` and answers 200 with everything. */
  readonly ignoreRange?: boolean;
  /** Answers so many requests for file bodies with this status: an expired signed URL. */
  readonly refuse?: {
    readonly status: number;
    readonly times: number;
    readonly server?: "hub" | "cdn";
  };
}
