import type { Config } from '../config.ts';
import type { LoggedEvent } from '../domain/log-event.ts';
import { sensitive, type Sensitive } from '../domain/sensitive.ts';
import type { Clock } from '../ports/clock/clock.ts';
import type { Mailer } from '../ports/mail/mail.ts';
import type { Random } from '../ports/random/random.ts';
import type { SmsGateway } from '../ports/sms/sms.ts';
import type { ClaimedMessage, MessageChannel, MessageStore } from '../store/messages.ts';
import type { Pump } from '../queue/pump.ts';
import { createLane } from './lane.ts';
import type { Receipts } from './receipts.ts';
import type { WrittenMail, WrittenText } from './templates.ts';

export type CourierConfig = Config['courier'];

export interface CourierLog {
  info(fields: LoggedEvent, text: string): void;
  warn(fields: LoggedEvent, text: string): void;
  error(fields: LoggedEvent, text: string): void;
}

/** A written message with its recipient: E.164 for a text message, an address for mail. */
export type Post = (WrittenText | WrittenMail) & {
  readonly to: Sensitive<string>;
  /** Chosen by whoever has to know it before the message is stored; otherwise there will be one. */
  readonly id?: string;
  /** After this it is not sent any more: a code nobody can use is only confusing. */
  readonly expiresAt?: Date | undefined;
};

export interface CourierDeps {
  readonly store: { readonly messages: MessageStore };
  readonly sms: SmsGateway;
  readonly mail: Mailer;
  /** Undefined where no gateway reports what became of messages. */
  readonly receipts?: Receipts | undefined;
  /** Counts a text message that is handed over for the second time. */
  readonly countAgain?: (() => Promise<unknown>) | undefined;
  readonly clock: Clock;
  /** Whether nobody knows at the moment what time it is. */
  readonly isTimeUncertain?: (() => boolean) | undefined;
  readonly random: Random;
  readonly config: CourierConfig;
  readonly log: CourierLog;
}

export interface Courier {
  /**
   * Stores a message in the caller's transaction: it leaves if, and only if, the change that causes it is committed.
   * Call `wake()` after the commit; without it the message leaves with the next look at the queue.
   *
   * @param tx  the store of the transaction.
   * @returns   the id of the message, for `store.messages.stateOf`; also its reference at the gateway.
   */
  post(tx: { readonly messages: Pick<MessageStore, 'add'> }, message: Post): Promise<string>;
  /**
   * Costs what `post` costs and sends nothing: where nobody may learn from the time whether there is anybody to write
   * to.
   */
  pretend(tx: { readonly messages: Pick<MessageStore, 'add'> }, message: Post): Promise<void>;
  /** Sends what is due as soon as possible, by this channel or by both; returns at once. */
  wake(channel?: MessageChannel): void;
  /** Looks at the queue from now on, every `courier.pollMs` and when woken. */
  start(): void;
  /** Begins nothing more and lets what is under way end, for so long at most. */
  stop(graceMs?: number): Promise<void>;
  /** Sends all that is due now and waits for it, for tests and the command line. @throws when the database is away. */
  flush(): Promise<void>;
}

const STOP_GRACE_MS = 5000;
const SECONDS_OF_A_DAY = 86_400;

/**
 * Carries messages from the queue to the gateways.
 *
 * At least once: a process that dies between hand-over and record leaves the message to whoever finds its lease over,
 * and that hand-over carries the same reference (the message's id), by which a gateway recognises it.
 */
export function createCourier({
  store,
  sms,
  mail,
  receipts,
  countAgain,
  clock,
  isTimeUncertain,
  random,
  config,
  log,
}: CourierDeps): Courier {
  const secondsLeft = ({ expiresAt }: ClaimedMessage): number =>
    expiresAt === undefined
      ? SECONDS_OF_A_DAY
      : Math.max(1, Math.floor((expiresAt.getTime() - clock.now().getTime()) / 1000));

  const shared = { messages: store.messages, clock, isTimeUncertain, random, config, log };
  const lanes = {
    sms: createLane({
      ...shared,
      receipts,
      countAgain,
      channel: 'sms',
      isShutOut: () => sms.isShutOut?.() === true,
      isPaused: () => sms.isPaused?.() === true,
      handOver: (message, { to, text, code }, signal) =>
        sms.send(
          { to, text, code, ref: message.id, patient: message.wasUnanswered, ttlSeconds: secondsLeft(message) },
          signal,
        ),
    }),
    email: createLane({
      ...shared,
      channel: 'email',
      handOver: ({ id }, { to, subject = '', text, html = '', code }, signal) =>
        mail.send({ to, subject, text, html, code, ref: id }, signal),
    }),
  };

  let poll: NodeJS.Timeout | undefined;
  let away = false;

  /** Told once when the queue cannot be read and once when it can again, not at every look. */
  async function look(some: readonly Pump[]): Promise<void> {
    try {
      await Promise.all(some.map((lane) => lane.pump()));
      if (away) log.info({ event: 'courier.recovered' }, 'the message queue can be read again');
      away = false;
    } catch (error) {
      if (!away)
        log.error(
          { event: 'courier.unavailable', reason: error instanceof Error ? error.name : 'unknown' },
          'the message queue cannot be read',
        );
      away = true;
    }
  }

  const all = Object.values(lanes);
  function wake(channel?: MessageChannel): void {
    if (poll !== undefined) void look(channel === undefined ? all : [lanes[channel]]);
  }

  async function add(
    tx: Parameters<Courier['post']>[0],
    { id = random.uuid(), channel, purpose, locale, content, to, expiresAt }: Post,
    withheld: boolean,
  ): Promise<string> {
    const payload = sensitive({ ...content.reveal(), to: to.reveal() });
    await tx.messages.add({ id, channel, purpose, locale, payload, createdAt: clock.now(), expiresAt, withheld });
    return id;
  }

  return {
    post: (tx, message) => add(tx, message, false),
    async pretend(tx, message) {
      await add(tx, message, true);
    },
    wake,
    start() {
      if (receipts !== undefined) sms.listen?.((receipt) => receipts.take(receipt));
      poll ??= setInterval(() => {
        wake();
      }, config.pollMs);
      wake();
    },
    async stop(graceMs = STOP_GRACE_MS) {
      clearInterval(poll);
      poll = undefined;
      await Promise.all(all.map((lane) => lane.close(graceMs)));
    },
    async flush() {
      await Promise.all(all.map((lane) => lane.drain()));
    },
  };
}
