import { parseArgs } from "node:util";

import { StoreError } from "@store/layout";

/** Not in use by any program of this field; below the range systems hand out by themselves. */
export const DEFAULT_PORT = 11_777;

export const USAGE = `Usage: stored [options]

Serves this user's model store over HTTP, read-only, on 127.0.0.1 and ::1 and nowhere else.

Options:
  --home <dir>   the store (default: MODELS_HOME, then the platform's place)
  --port <port>  default ${DEFAULT_PORT}; 0 takes a free one
  --json         when ready, print one line of JSON that says where
  --version      print the version
  --help         print this text
`;

export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | {
      readonly kind: "serve";
      readonly home: string | undefined;
      readonly port: number;
      readonly json: boolean;
    };

/**
 * Reads the command line, without the program's own name.
 *
 * @throws StoreError `ERR_STORE_USAGE`
 */
export function parseArguments(args: readonly string[]): Command {
  const values = parseFlags(args);
  if (values.help === true) return { kind: "help" };
  if (values.version === true) return { kind: "version" };
  const { home, port, json = false } = values;
  if (home === "") throw usage("--home is empty");
  return { kind: "serve", home, port: port === undefined ? DEFAULT_PORT : parsePort(port), json };
}

function parseFlags(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      allowPositionals: false,
      strict: true,
      options: {
        home: { type: "string" },
        port: { type: "string" },
        json: { type: "boolean" },
        version: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    return values;
  } catch (error) {
    // A TypeError of parseArgs is about the user's text, not about a bug.
    if (!(error instanceof TypeError)) throw error;
    throw usage(error.message, error);
  }
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw usage(`--port is not a number from 0 to 65535: ${JSON.stringify(text.slice(0, 20))}`);
}

function usage(message: string, cause?: unknown): StoreError {
  return new StoreError(message, {
    kind: "invalid",
    code: "ERR_STORE_USAGE",
    hint: "See stored --help. There is no way to listen on any other address.",
    cause,
  });
}
