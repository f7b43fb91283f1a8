import { constants } from "node:fs";

import type { OpenMode } from "./fs-port.ts";

// Absent on Windows, where the name grammar and the absence of fifos make them unnecessary.
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
const NO_BLOCK = constants.O_NONBLOCK ?? 0;

/** How the system is asked to open a file. */
export const openFlags: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY | NO_FOLLOW | NO_BLOCK,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW,
  update: constants.O_RDWR | NO_FOLLOW | NO_BLOCK,
};
