import { describe, expect, it } from "vitest";

import { type HomeEnv, resolveHome } from "./resolve-home.ts";

type Env = HomeEnv["env"];

const UNIX = { HOME: "/home/u" };
const WINDOWS = { USERPROFILE: "C:\\Users\\u", LOCALAPPDATA: "C:\\Users\\u\\AppData\\Local" };

function resolved(platform: NodeJS.Platform, env: Env, configured?: string): string {
  return resolveHome({ platform, env }, configured);
}

describe("with nothing set", () => {
  it.each(["linux", "freebsd", "openbsd", "netbsd", "sunos", "aix", "android"] as const)(
    "is the data directory of the user on %s",
    (platform) => {
      expect(resolved(platform, UNIX)).toBe("/home/u/.local/share/models");
      expect(resolved(platform, { ...UNIX, XDG_DATA_HOME: "/data" })).toBe("/data/models");
      expect(resolved(platform, { ...UNIX, XDG_DATA_HOME: "" })).toBe(
        "/home/u/.local/share/models",
      );
      expect(resolved(platform, { XDG_DATA_HOME: "/data" })).toBe("/data/models");
    },
  );

  it("is Application Support on macOS, never Caches, and XDG has no say", () => {
    expect(resolved("darwin", { HOME: "/Users/u", XDG_DATA_HOME: "/data" })).toBe(
      "/Users/u/Library/Application Support/models",
    );
  });

  it("is the local application data on Windows, never the roaming one", () => {
    expect(resolved("win32", { ...WINDOWS, APPDATA: "C:\\Users\\u\\AppData\\Roaming" })).toBe(
      "C:\\Users\\u\\AppData\\Local\\models",
    );
    expect(resolved("win32", { ...WINDOWS, LOCALAPPDATA: "" })).toBe(
      "C:\\Users\\u\\AppData\\Local\\models",
    );
    expect(resolved("win32", { ...WINDOWS, HOME: "/home/u", XDG_DATA_HOME: "/data" })).toBe(
      "C:\\Users\\u\\AppData\\Local\\models",
    );
  });

  it.each([
    ["linux", ".local/share/models"],
    ["darwin", "Library/Application Support/models"],
    ["win32", "AppData\\Local\\models"],
  ] as const)("is below the working directory on %s without a home", (platform, path) => {
    expect(resolved(platform, {})).toBe(path);
    expect(resolved(platform, { HOME: "", USERPROFILE: "" })).toBe(path);
  });

  it("takes a relative XDG_DATA_HOME as it is, as inferd does", () => {
    expect(resolved("linux", { ...UNIX, XDG_DATA_HOME: "data" })).toBe("data/models");
  });
});

describe("in this order", () => {
  const env = { ...UNIX, XDG_DATA_HOME: "/data", MODELS_HOME: "/models" };

  it("takes the configured path first, then MODELS_HOME, then the platform's", () => {
    expect(resolved("linux", env, "/configured")).toBe("/configured");
    expect(resolved("linux", env)).toBe("/models");
    expect(resolved("linux", { ...env, MODELS_HOME: undefined })).toBe("/data/models");
  });

  it("takes empty for unset at every step", () => {
    expect(resolved("linux", env, "")).toBe("/models");
    expect(resolved("linux", { ...env, MODELS_HOME: "" }, "")).toBe("/data/models");
    expect(resolved("linux", { ...UNIX, MODELS_HOME: "", XDG_DATA_HOME: "" }, "")).toBe(
      "/home/u/.local/share/models",
    );
  });

  it("takes a path of spaces for a path: only empty is unset", () => {
    expect(resolved("linux", env, " ")).toBe(" ");
  });
});

describe("a leading tilde", () => {
  it.each([
    ["~/m", "/home/u/m"],
    ["~\\m", "/home/u/m"],
    ["~/", "/home/u"],
    ["~/a b/é", "/home/u/a b/é"],
    ["~", "~"],
    ["~user/m", "~user/m"],
    ["/x/~/m", "/x/~/m"],
    [" ~/m", " ~/m"],
    ["$HOME/m", "$HOME/m"],
  ])("makes %s to %s", (given, expected) => {
    expect(resolved("linux", UNIX, given)).toBe(expected);
    expect(resolved("linux", { ...UNIX, MODELS_HOME: given })).toBe(expected);
  });

  it("is the user's profile on Windows", () => {
    expect(resolved("win32", WINDOWS, "~\\m")).toBe("C:\\Users\\u\\m");
    expect(resolved("win32", WINDOWS, "~/m")).toBe("C:\\Users\\u\\m");
  });

  it("stays where there is no home to put in its place", () => {
    expect(resolved("linux", {}, "~/m")).toBe("~/m");
    expect(resolved("linux", { HOME: "" }, "~/m")).toBe("~/m");
  });
});
