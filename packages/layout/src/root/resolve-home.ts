import { posix, win32 } from "node:path";

/** What deciding on a root needs to know of the machine. */
export interface HomeEnv {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The root of this user's store, in the order of the Shared Local Model Store convention as inferd
 * implements it: configured path, `MODELS_HOME`, platform default. Empty counts as unset. A leading
 * `~/` or `~\` is expanded (a bare `~` and `~user` are not). Nothing on disk is looked at.
 *
 * @param configured the caller's own setting (a flag or a configuration file), if any
 */
export function resolveHome(host: HomeEnv, configured?: string): string {
  return expandHome(host, configured || host.env["MODELS_HOME"] || platformDefault(host));
}

function pathOf(host: HomeEnv): typeof posix {
  return host.platform === "win32" ? win32 : posix;
}

function userHome(host: HomeEnv): string | undefined {
  return (host.platform === "win32" ? host.env["USERPROFILE"] : host.env["HOME"]) || undefined;
}

function platformDefault(host: HomeEnv): string {
  const { join } = pathOf(host);
  const home = userHome(host) ?? ".";
  switch (host.platform) {
    case "darwin":
      return join(home, "Library", "Application Support", "models");
    case "win32":
      // Never %APPDATA%: roaming profiles would copy every model to every machine of a user.
      return join(host.env["LOCALAPPDATA"] || join(home, "AppData", "Local"), "models");
    default:
      return join(host.env["XDG_DATA_HOME"] || join(home, ".local", "share"), "models");
  }
}

function expandHome(host: HomeEnv, path: string): string {
  const home = userHome(host);
  if (home === undefined || !/^~[/\\]/.test(path)) return path;
  return pathOf(host).join(home, path.slice(2));
}
