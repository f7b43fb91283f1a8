import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface ProxyRequest {
  readonly method: string;
  /** `host:port` of a tunnel, a whole URL of anything else. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ProxyServer extends AsyncDisposable {
  readonly origin: string;
  readonly requests: readonly ProxyRequest[];
}

export interface ProxyOptions {
  /** `user:password` that it wants. */
  readonly credentials?: string;
  /** Answers in the place of passing on. */
  readonly answer?: (request: ProxyRequest, socket: Socket) => void;
}

/**
 * A small HTTP proxy: opens tunnels, and passes plain requests on. Answers come through it byte by
 * byte as the server wrote them, right or wrong.
 */
export async function startProxy(options: ProxyOptions = {}): Promise<ProxyServer> {
  const requests: ProxyRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    keep(client, sockets);
    let upstream: Socket | undefined;
    let head = "";
    client.on("data", (data) => {
      head += data.toString("latin1");
      for (let end = head.indexOf("\r\n\r\n"); end >= 0; end = head.indexOf("\r\n\r\n")) {
        const text = head.slice(0, end);
        head = head.slice(end + 4);
        const request = parse(text);
        requests.push(request);
        const { credentials } = options;
        const proof = request.headers["proxy-authorization"];
        if (credentials !== undefined && proof !== `Basic ${btoa(credentials)}`) {
          const challenge = 'Proxy-Authenticate: Basic realm="proxy"';
          client.write(`HTTP/1.1 407 No\r\n${challenge}\r\nContent-Length: 0\r\n\r\n`);
        } else if (options.answer !== undefined) {
          options.answer(request, client);
        } else if (request.method === "CONNECT") {
          client.removeAllListeners("data");
          openTunnel(client, request.target, sockets);
          return;
        } else {
          upstream = relay({ client, upstream, text, target: request.target }, sockets);
        }
      }
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

function keep(socket: Socket, sockets: Set<Socket>): void {
  sockets.add(socket);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => sockets.delete(socket));
}

function openTunnel(client: Socket, target: string, sockets: Set<Socket>): void {
  const upstream = connect({ host: "127.0.0.1", port: Number(target.split(":").at(-1)) });
  keep(upstream, sockets);
  upstream.on("error", () => client.end("HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"));
  upstream.on("connect", () => {
    client.write("HTTP/1.1 200 Connected\r\n\r\n");
    client.pipe(upstream);
    join(upstream, client);
  });
}

interface Relay {
  readonly client: Socket;
  readonly upstream: Socket | undefined;
  /** The head as it came. */
  readonly text: string;
  readonly target: string;
}

/** Passes a request on, over the connection of the one before where that leads there. */
function relay({ client, upstream, text, target }: Relay, sockets: Set<Socket>): Socket {
  const { host, port, pathname, search } = new URL(target);
  const isOpen = upstream?.writable === true && upstream.remotePort === Number(port);
  const socket = isOpen ? upstream : connect({ host: "127.0.0.1", port: Number(port) });
  if (socket !== upstream) {
    upstream?.unpipe(client).removeAllListeners("close").destroy();
    keep(socket, sockets);
    socket.on("error", () => {
      if (socket.bytesRead === 0) client.end("HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n");
    });
    join(socket, client);
  }
  const [first = "", ...lines] = text.split("\r\n");
  const kept = lines.filter((line) => !/^(?:host|proxy-authorization):/i.test(line));
  const start = first.replace(target, `${pathname}${search}`);
  socket.write(`${[start, `Host: ${host}`, ...kept].join("\r\n")}\r\n\r\n`, "latin1");
  return socket;
}

/** Answers go back as they come, and so does the way in which they end. */
function join(upstream: Socket, client: Socket): void {
  upstream.pipe(client);
  upstream.on("close", (failed) => (failed ? client.resetAndDestroy() : client.end()));
  client.on("close", () => upstream.destroy());
}

function parse(head: string): ProxyRequest {
  const [first = "", ...lines] = head.split("\r\n");
  const [method = "", target = ""] = first.split(" ");
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  return { method, target, headers };
}
