import type { Host, TextSink } from "../host.ts";
import { createStatusLine, type StatusLine } from "./status-line.ts";

/** What a command has found out: both forms say the same. */
export interface Answer {
  /** For `--json`: one document with stable keys. */
  readonly json: object;
  /** For people, with a final newline. */
  readonly text: string;
}

/** Where a command's words go. Answers to standard output, everything else to standard error. */
export interface Output {
  readonly json: boolean;
  answer(answer: Answer): void;
  /** Text for people on standard output, with a final newline; nothing under `--json`. */
  text(text: string): void;
  /** One line of JSON on standard output while a command works; nothing for people. */
  event(event: object): void;
  /** One line for people on standard error; nothing under `--json`. */
  note(line: string): void;
  /** A line that is drawn over and over on a terminal; nothing elsewhere. */
  readonly status: StatusLine;
  /** Text on standard output whatever the form: help and the version. */
  plain(text: string): void;
  /** Text on standard error whatever the form: how an error is told. */
  complain(text: string): void;
}

/** Characters of a line where the terminal does not say, or says 0. */
const COLUMNS = 80;

export function createOutput(host: Host, options: { readonly json: boolean }): Output {
  const { json } = options;
  const stdout = createWriter(host.stdout, host.failOutput);
  // Where standard error cannot be written, nobody can be told.
  const stderr = createWriter(host.stderr, () => {});
  const status = createStatusLine({
    write: stderr,
    columns: () =>
      json || host.stderr.isTTY !== true ? undefined : host.stderr.columns || COLUMNS,
  });
  return {
    json,
    status,
    plain: stdout,
    complain(text) {
      status.clear();
      stderr(text);
    },
    answer(answer) {
      status.clear();
      stdout(json ? `${JSON.stringify(answer.json, null, 2)}\n` : answer.text);
    },
    text(text) {
      if (json) return;
      status.clear();
      stdout(text);
    },
    event(event) {
      if (json) stdout(`${JSON.stringify(event)}\n`);
    },
    note(line) {
      if (json) return;
      status.clear();
      stderr(`${line}\n`);
    },
  };
}

/**
 * Writes until the reader goes away: `store list | head -1` is no error, and a pull whose reader
 * left goes on. Any other failure is told once.
 */
function createWriter(sink: TextSink, onFailure: (error: Error) => void): (text: string) => void {
  let open = true;
  sink.on("error", (error: Error & { readonly code?: string }) => {
    if (open && error.code !== "EPIPE") onFailure(error);
    open = false;
  });
  return (text) => {
    if (open && text !== "") sink.write(text);
  };
}
