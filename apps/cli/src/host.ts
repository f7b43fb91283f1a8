/** Somewhere text goes: a terminal, a pipe, a file. */
export interface TextSink {
  write(text: string): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  readonly isTTY?: boolean | undefined;
  /** Characters per line of a terminal. */
  readonly columns?: number | undefined;
}

/** Everything the command line takes from the process it runs in. */
export interface Host {
  /** Arguments after the program's name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  /** Aborts when the user wants the command to end. */
  readonly signal: AbortSignal;
  /** Is told that an answer could not be written, even after the command has ended. */
  readonly failOutput: (error: Error) => void;
}
