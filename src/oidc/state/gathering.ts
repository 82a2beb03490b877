import type { ProtocolState, ProtocolWrite } from '../../store/protocol-state.ts';

type Row = Pick<ProtocolWrite, 'model' | 'id'>;

/**
 * The use of a code or refresh token and what is written for it, kept back until all of it is there: then it is one
 * step in the store.
 */
export interface Gathering {
  /** What is used or written while `work` begins, and not a moment later, is kept back. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** Sends it; whoever used or wrote something hears now what came of it. */
  send(): void;
}

interface Keeping {
  use(state: ProtocolState, row: Row): Promise<boolean> | undefined;
  write(write: ProtocolWrite): Promise<void> | undefined;
}

let keeping: Keeping | undefined;

/** Uses a row, or keeps its use back where somebody gathers. */
export const useGathered = (state: ProtocolState, row: Row): Promise<boolean> =>
  keeping?.use(state, row) ?? state.consume(row.model, row.id);

/** The same for what is written. */
export const writeGathered = (state: ProtocolState, write: ProtocolWrite): Promise<void> =>
  keeping?.write(write) ?? state.upsert(write);

/** Nothing but its row is written. */
const isPlain = ({ uid, userCode, holder }: ProtocolWrite): boolean =>
  uid === undefined && userCode === undefined && holder === undefined;

export function createGathering(): Gathering {
  const writes: ProtocolWrite[] = [];
  let used: { readonly state: Required<Pick<ProtocolState, 'useAndWrite'>>; readonly row: Row } | undefined;
  let settle: (outcome: Promise<boolean>) => void = () => undefined;
  const outcome = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  const canUseAndWrite = (
    state: ProtocolState,
  ): state is ProtocolState & Required<Pick<ProtocolState, 'useAndWrite'>> => state.useAndWrite !== undefined;

  const own: Keeping = {
    use(state, row) {
      if (used !== undefined || !canUseAndWrite(state)) return undefined;
      used = { state, row };
      return outcome;
    },
    write(write) {
      if (used === undefined || !isPlain(write)) return undefined;
      writes.push(write);
      // Where the use was not the first, nothing is written, and whoever used it says so.
      return outcome.then(() => undefined);
    },
  };

  return {
    during(work) {
      keeping = own;
      try {
        return work();
      } finally {
        keeping = undefined;
      }
    },
    send() {
      if (used !== undefined) settle(used.state.useAndWrite(used.row, writes));
    },
  };
}
