import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { createAuthority } from "./certificates.ts";
import { accepts, findPort } from "./ports.ts";

// Not on the path of everybody.
const PROGRAM = "/usr/sbin/nginx";

/** Why there is no nginx here, or `undefined` if there is. */
export const noNginx: string | undefined =
  spawnSync(PROGRAM, ["-v"], { stdio: "ignore" }).error === undefined
    ? undefined
    : "nginx is not installed";

/** A request as nginx wrote it down. */
export interface NginxRequest {
  readonly connection: string;
  readonly status: string;
  readonly range: string;
  readonly ifRange: string;
  readonly encoding: string;
}

/** Nginx on the loopback interface. */
export interface Nginx extends AsyncDisposable {
  readonly origin: string;
  /** Redirects every request to TLS. */
  readonly redirecting: string;
  /** What one has to trust for TLS. */
  readonly ca: string;
  /** Directory whose files are served. */
  readonly www: string;
  /** Requests answered since the last call. */
  takeRequests(): Promise<readonly NginxRequest[]>;
}

/**
 * Serves a directory, compressed for whoever takes that, below `/slow/` no more than 2 MiB a second
 * in one answer, and below `/few/` two of those at a time.
 *
 * @param home an empty directory, for all it writes
 */
export async function startNginx(home: string): Promise<Nginx> {
  const www = join(home, "www");
  await mkdir(www);
  const authority = createAuthority();
  const { cert, key } = authority.issue(["127.0.0.1"]);
  await writeFile(join(home, "cert.pem"), cert);
  await writeFile(join(home, "key.pem"), key);
  const [port, tlsPort, redirectPort] = [await findPort(), await findPort(), await findPort()];
  const log = join(home, "access.log");
  const temporaries = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${home}/${kind};`)
    .join(" ");
  await writeFile(
    join(home, "nginx.conf"),
    // Directories of tests are private; as root, nginx would become somebody else.
    `${process.getuid?.() === 0 ? "user root;" : ""} daemon off; pid ${home}/pid; error_log ${home}/error.log;
    events { worker_connections 128; }
    http {
      log_format line '$connection|$status|$http_range|$http_if_range|$sent_http_content_encoding';
      access_log ${log} line; default_type application/octet-stream; ${temporaries}
      limit_conn_zone $binary_remote_addr zone=few:1m; limit_conn_log_level warn;
      gzip on; gzip_types *; gzip_min_length 1;
      server {
        listen 127.0.0.1:${port}; listen 127.0.0.1:${tlsPort} ssl; root ${www};
        ssl_certificate ${home}/cert.pem; ssl_certificate_key ${home}/key.pem;
        location /slow/ { alias ${www}/; limit_rate 2m; }
        location /few/ { alias ${www}/; limit_rate 2m; limit_conn few 2; }
      }
      server { listen 127.0.0.1:${redirectPort}; return 301 https://127.0.0.1:${tlsPort}$request_uri; }
    }`,
  );
  const child = spawn(PROGRAM, ["-p", home, "-c", join(home, "nginx.conf")], { stdio: "ignore" });
  const exit = once(child, "exit");
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    await sleep(20);
  }
  let taken = 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    redirecting: `http://127.0.0.1:${redirectPort}`,
    ca: authority.cert,
    www,
    async takeRequests() {
      const lines = (await readFile(log, "utf8")).trimEnd().split("\n");
      const fresh = lines.slice(taken);
      taken = lines.length;
      return fresh.map((line) => {
        const [connection = "", status = "", range = "", ifRange = "", encoding = ""] =
          line.split("|");
        return { connection, status, range, ifRange, encoding };
      });
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGQUIT");
      await exit;
    },
  };
}
