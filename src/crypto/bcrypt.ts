export interface Bcrypt {
  verify(password: string, hash: string): Promise<boolean>;
  /** The work of one verification, for nothing. */
  spend(password: string, cost: number): Promise<void>;
}

/** Loaded only where a hash of a former system is met: a sign-on that has taken over nobody never does. */
export async function loadBcrypt(): Promise<Bcrypt> {
  const { hash, verify } = await import('@node-rs/bcrypt');
  return {
    // What is longer than 72 bytes is cut off as the former system cut it off.
    verify: (password, stored) => verify(password, stored),
    async spend(password, cost) {
      await hash(password, cost);
    },
  };
}
