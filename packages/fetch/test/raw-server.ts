import { type AddressInfo, createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket, type SecureContextOptions } from "node:tls";

export interface RawRequest {
  readonly method: string;
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** How many requests came before. */
  readonly index: number;
}

/** Writes an answer byte by byte, as wrong as a test needs it. */
export type RawHandler = (request: RawRequest, socket: Socket) => void | Promise<void>;

export interface RawServer extends AsyncDisposable {
  readonly origin: string;
  readonly requests: readonly RawRequest[];
  /** How many connections were made. */
  readonly connections: number;
  /** Closes a connection below TLS, which then has no end of its own. */
  cut(socket: Socket): void;
}

export interface RawServerOptions {
  /** Speaks TLS with this certificate. */
  readonly secure?: SecureContextOptions | undefined;
  readonly protocols?: string[] | undefined;
}

/** A server that says exactly what a test tells it to: nothing is added, checked or corrected. */
export async function startRawServer(
  handler: RawHandler,
  { secure, protocols }: RawServerOptions = {},
): Promise<RawServer> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  const below = new WeakMap<Socket, Socket>();
  let connections = 0;
  const server = createServer((plain) => {
    connections += 1;
    sockets.add(plain);
    plain.on("error", () => {});
    plain.on("close", () => sockets.delete(plain));
    const socket = secure === undefined ? plain : wrap(plain, secure, protocols);
    below.set(socket, plain);
    let head = "";
    socket.on("error", () => {});
    socket.on("data", (data) => {
      head += data.toString("latin1");
      for (let end = head.indexOf("\r\n\r\n"); end >= 0; end = head.indexOf("\r\n\r\n")) {
        const request = parse(head.slice(0, end), requests.length);
        head = head.slice(end + 4);
        requests.push(request);
        void handler(request, socket);
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${secure === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    requests,
    get connections() {
      return connections;
    },
    cut: (socket) => below.get(socket)?.destroy(),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

function wrap(plain: Socket, secure: SecureContextOptions, ALPNProtocols?: string[]): Socket {
  const secureContext = createSecureContext(secure);
  return new TLSSocket(plain, {
    isServer: true,
    secureContext,
    ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }),
  });
}

function parse(head: string, index: number): RawRequest {
  const [first = "", ...lines] = head.split("\r\n");
  const [method = "", target = ""] = first.split(" ");
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  return { method, target, headers, index };
}

export interface RawAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number | undefined>> | undefined;
  readonly body?: Uint8Array;
  readonly version?: string;
}

/** Writes a whole answer. Headers with the value `undefined` are left out. */
export function sendRaw(socket: Socket, { status, headers = {}, body, version }: RawAnswer): void {
  const all = { "content-length": body?.length ?? 0, ...headers };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/${version ?? "1.1"} ${status} Status\r\n${lines.join("")}\r\n`);
  if (body !== undefined) socket.write(body);
}

/** The range a request asks for, cut at the end of the file. */
export function askedRange(
  request: RawRequest,
  size: number,
): { readonly start: number; readonly end: number } | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers["range"] ?? "");
  if (match === null) return undefined;
  const end = match[2] === "" ? size : Math.min(size, Number(match[2]) + 1);
  return { start: Number(match[1]), end };
}

/** Answers like a sound server: ranges, a strong tag, lengths. */
export function sendFile(
  request: RawRequest,
  socket: Socket,
  bytes: Uint8Array,
  headers: RawAnswer["headers"] = {},
): void {
  const range = askedRange(request, bytes.length);
  if (range === undefined) {
    sendRaw(socket, { status: 200, headers: { etag: '"one"', ...headers }, body: bytes });
    return;
  }
  const { start, end } = range;
  sendRaw(socket, {
    status: 206,
    headers: {
      etag: '"one"',
      "content-range": `bytes ${start}-${end - 1}/${bytes.length}`,
      ...headers,
    },
    body: bytes.subarray(start, end),
  });
}
