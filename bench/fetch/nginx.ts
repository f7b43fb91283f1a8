import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { hasCommand } from "../harness/has-command.ts";
import { runCommand } from "../harness/run-command.ts";

export interface Nginx extends AsyncDisposable {
  readonly port: number;
  readonly origin: string;
  /** The same files over TLS, with a certificate of its own. */
  readonly tlsOrigin: string;
  /** PEM file of the certificate. */
  readonly certificate: string;
  /** Directory whose files are served. */
  readonly www: string;
  /** Requests answered so far, this question included. */
  requestCount(): Promise<number>;
}

export interface NginxOptions {
  /** `limit_rate`: bytes per second of each request. */
  readonly rateBytes?: number | undefined;
  /** More of the configuration, beside the server's block. */
  readonly http?: string | undefined;
  /** More of the configuration, inside the server's block. */
  readonly server?: string | undefined;
}

const PROGRAM = "/usr/sbin/nginx";

/** Serves a directory with nginx on free ports of this machine; `undefined` where there is no nginx. */
export async function startNginx(
  scratch: string,
  { rateBytes, http = "", server = "" }: NginxOptions = {},
): Promise<Nginx | undefined> {
  if (!(await hasCommand(PROGRAM, ["-v"]))) {
    process.stdout.write("  left out: nginx is not installed\n");
    return undefined;
  }
  const home = join(scratch, "nginx");
  const www = join(home, "www");
  await mkdir(www, { recursive: true });
  const certificate = join(home, "cert.pem");
  await makeCertificate(home, certificate);
  const [port, tlsPort] = [await freePort(), await freePort()];
  const config = join(home, "nginx.conf");
  const temporaries = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${home}/${kind};`)
    .join(" ");
  await writeFile(
    config,
    // Scratch directories are private; as root, nginx would become somebody else.
    `${process.getuid?.() === 0 ? "user root;" : ""} worker_processes 1; daemon off; pid ${home}/pid; error_log stderr error;
    events { worker_connections 512; }
    http {
      access_log off; sendfile on; keepalive_requests 100000; ${temporaries}
      ${rateBytes === undefined ? "" : `limit_rate ${rateBytes};`}
      ${http}
      server {
        listen 127.0.0.1:${port}; listen 127.0.0.1:${tlsPort} ssl; root ${www};
        ssl_certificate ${certificate}; ssl_certificate_key ${home}/key.pem;
        location = /status { stub_status; }
        ${server}
      }
    }`,
  );
  const child = spawn(PROGRAM, ["-p", home, "-c", config], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await accepting(port);
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    tlsOrigin: `https://127.0.0.1:${tlsPort}`,
    certificate,
    www,
    async requestCount() {
      const answer = await fetch(`http://127.0.0.1:${port}/status`);
      const [, , handled = ""] = /(\d+) (\d+) (\d+)/.exec(await answer.text())?.slice(1) ?? [];
      return Number(handled);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGQUIT");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

async function makeCertificate(home: string, certificate: string): Promise<void> {
  const command =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -days 2";
  const files = ["-keyout", join(home, "key.pem"), "-out", certificate];
  await runCommand("openssl", [...command.split(" "), ...files]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function accepting(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "close").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await sleep(20);
  }
  throw new Error("nginx does not start");
}
