/*
 * Leases are by the clock of the database alone. Instances may be half a minute from it, and a minute from one another:
 * judged by the clock of another than has written it, a lease of half a minute would be over while the message is under
 * way.
 */

/** When a lease that begins now ends, however long the statement took. @param seconds  a place for a value: `$3`. */
export const leaseEnd = (seconds: string): string => `clock_timestamp() + make_interval(secs => ${seconds})`;

/**
 * Whether nobody has the row: also where a lease reaches further than any, because the clock of the database was set
 * back.
 */
export const isFree = (seconds: string): string =>
  `(leased_until is null or leased_until <= now() or leased_until > now() + 2 * make_interval(secs => ${seconds}))`;
