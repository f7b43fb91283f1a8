export {
  clockEnvironment,
  type CrowdLog,
  type CrowdOptions,
  runCrowd,
  whyNoCrowd,
  type WorkerLife,
} from "./crowd.ts";
export { type LogEntry, type Value, writeLog } from "./log.ts";
export { replay } from "./replay.ts";
