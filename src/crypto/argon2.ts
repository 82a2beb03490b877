/** How an argon2id hash is made: memory in KiB, passes, lanes. */
export interface Argon2Cost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
}

export interface Argon2 {
  hash(password: string, cost: Argon2Cost): Promise<string>;
  verify(phc: string, password: string): Promise<boolean>;
}

const PHC = /^\$argon2id\$v=19\$(?<params>(?:[mtp]=\d{1,10},?){3})\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/;

/** The cost written in an argon2id PHC string, whatever the order of its parameters; undefined for anything else. */
export function readCost(phc: string): Argon2Cost | undefined {
  const params = PHC.exec(phc)?.groups?.params;
  if (params === undefined) return undefined;
  const { m, t, p } = Object.fromEntries(params.split(',').map((pair) => [pair.slice(0, 1), Number(pair.slice(2))]));
  return m === undefined || t === undefined || p === undefined
    ? undefined
    : { memoryKib: m, passes: t, parallelism: p };
}

export const showCost = ({ memoryKib, passes, parallelism }: Argon2Cost): string =>
  `m=${memoryKib},t=${passes},p=${parallelism}`;

/** Half the processor time of the other package, but its binary does not exist for every platform. */
export async function loadRustArgon2(): Promise<Argon2> {
  const rust = await import('@node-rs/argon2');
  return {
    hash: (password, { memoryKib, passes, parallelism }) =>
      rust.hash(password, { memoryCost: memoryKib, timeCost: passes, parallelism }),
    verify: (phc, password) => rust.verify(phc, password),
  };
}

/** The reference implementation; compiled at installation where no binary fits. */
export async function loadReferenceArgon2(): Promise<Argon2> {
  const { default: reference } = await import('argon2');
  return {
    hash: async (password, cost) => {
      const phc = await reference.hash(password, {
        type: reference.argon2id,
        memoryCost: cost.memoryKib,
        timeCost: cost.passes,
        parallelism: cost.parallelism,
      });
      // It writes m,p,t; the PHC specification of argon2 and stricter readers want m,t,p.
      return phc.replace(/\$m=[^$]+\$/, `$${showCost(cost)}$`);
    },
    verify: (phc, password) => reference.verify(phc, password),
  };
}

/** @throws when neither package has a binary for this platform. */
export const loadArgon2 = (): Promise<Argon2> => loadRustArgon2().catch(loadReferenceArgon2);
