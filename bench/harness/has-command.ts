import { runCommand } from "./run-command.ts";

/** Whether this machine has a program to compare with. */
export async function hasCommand(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await runCommand(command, args);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}
