import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Why nothing can be pushed to a real registry here, or `undefined` if it can. */
export const noDockerRegistry: string | undefined =
  ["docker-registry", "skopeo"]
    .filter((program) => spawnSync(program, ["--version"], { stdio: "ignore" }).error !== undefined)
    .map((program) => `${program} is not installed`)
    .join(", ") || undefined;

/** CNCF Distribution on the loopback interface, on a port the system chose, behind a password. */
export interface DockerRegistry extends AsyncDisposable {
  readonly host: string;
  /** The file that `skopeo login` wrote. */
  readonly authFile: string;
  /** Runs skopeo with the registry's credentials and answers what it prints. */
  skopeo(...args: readonly string[]): Buffer;
}

/** @param directory an empty one, for the registry to keep everything in */
export async function startDockerRegistry(directory: string): Promise<DockerRegistry> {
  const authFile = join(directory, "auth.json");
  const config = join(directory, "config.json");
  // It makes the password file itself, and says the password.
  await writeFile(
    config,
    JSON.stringify({
      version: "0.1",
      log: { level: "info" },
      storage: { filesystem: { rootdirectory: join(directory, "registry") } },
      auth: { htpasswd: { realm: "test", path: join(directory, "htpasswd") } },
      http: { addr: "127.0.0.1:0" },
    }),
  );
  const child = spawn("docker-registry", ["serve", config], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exit = once(child, "exit");
  let log = "";
  const host = await new Promise<string | undefined>((resolve) => {
    child.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(log)?.[1];
      if (address !== undefined) resolve(address);
    });
    child.stderr.on("end", () => resolve(undefined));
  });
  const password = / password=(\S+)/.exec(log)?.[1];
  if (host === undefined || password === undefined) {
    child.kill();
    throw new Error(`docker-registry did not start: ${log}`);
  }
  function skopeo(...args: readonly string[]): Buffer {
    const [verb = "", ...rest] = args;
    const run = spawnSync("skopeo", [verb, "--authfile", authFile, ...rest]);
    if (run.status !== 0) throw new Error(`skopeo ${verb}: ${String(run.stderr)}`);
    return run.stdout;
  }
  skopeo("login", "--tls-verify=false", "-u", "docker", "-p", password, host);
  return {
    host,
    authFile,
    skopeo,
    async [Symbol.asyncDispose]() {
      child.kill();
      await exit;
    },
  };
}
