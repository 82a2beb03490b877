/** Redis is away, starting, failing over or full: nobody's fault, and the same request may succeed in a moment. */
export class RedisAway extends Error {
  override readonly name = 'RedisAway';
  readonly code = 'REDIS_AWAY';
}

/** Before 7.0 what a command in a script is refused with stands behind words about the script. */
const IN_SCRIPT = String.raw`^(?:ERR Error running script \(call to (?:f_)?[\da-f]+\): (?:@user_script: ?\d+: )+-)?`;
const FOR_NOW = new RegExp(
  `${IN_SCRIPT}(?:LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|OOM|NOREPLICAS|MISCONF|BUSY|NOAUTH|WRONGPASS|UNBLOCKED|ERR max number of clients)\\b|OOM command not allowed`,
);
const OF_REPLICA = new RegExp(`${IN_SCRIPT}READONLY\\b`);

/** Whether a replica has refused to write. */
export const isOfReplica = (message: string): boolean => OF_REPLICA.test(message);

/** The errors of the driver carry the command with its arguments, a password among them: only their words go on. */
export function toError(error: unknown): Error {
  if (error instanceof RedisAway) return error;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name !== 'ReplyError' || FOR_NOW.test(message)) return new RedisAway(message);
  return new Error(`Redis: ${message}`);
}
