import { DeliveryError } from '../../delivery.ts';

/** `command_status` of SMPP 3.4, 5.1.3, as far as it decides something here. */
export const STATUS = {
  ok: 0x00,
  invalidBindState: 0x04,
  alreadyBound: 0x05,
  systemError: 0x08,
  invalidDestination: 0x0b,
  bindFailed: 0x0d,
  invalidPassword: 0x0e,
  invalidSystemId: 0x0f,
  queueFull: 0x14,
  throttled: 0x58,
  /** Told to a centre whose receipt could not be kept: it comes again. */
  temporaryError: 0x64,
} as const;

/**
 * What is wrong with the message or its number, so that the same again would fare no better: length, destination and
 * its kind, data coding, and the centre's own "permanent" and "reject". A mistake of ours in the settings (source,
 * service type, rights) is none: it will be mended, and until then messages wait.
 */
const PERMANENT = new Set([0x01, 0x0b, 0x50, 0x51, 0x65, 0x66, 0xfe, 0x104, 0x106]);

const hex = (status: number): string => `status 0x${status.toString(16).padStart(2, '0')}`;

const WORDS: Readonly<Record<number, string>> = {
  [STATUS.alreadyBound]: 'already bound: the operator allows no further session',
  [STATUS.bindFailed]: 'bind failed',
  [STATUS.invalidPassword]: 'wrong password',
  [STATUS.invalidSystemId]: 'unknown system id',
  [STATUS.throttled]: 'throttled',
  [STATUS.queueFull]: 'queue full',
};

/** A status in words without anything of a message. */
export const statusText = (status: number): string =>
  WORDS[status] === undefined ? hex(status) : `${WORDS[status]} (${hex(status)})`;

export const rejected = (detail: string): DeliveryError =>
  new DeliveryError('SMS_REJECTED', { permanent: true, detail });
export const unavailable = (detail: string, cause?: unknown): DeliveryError =>
  new DeliveryError('SMS_UNAVAILABLE', { permanent: false, detail, cause });

/** It was submitted, and the centre may have it. */
export const unanswered = (detail: string): DeliveryError =>
  new DeliveryError('SMS_UNANSWERED', { permanent: false, detail });

/** The centre takes no more for now, whatever the message is. */
export const isThrottled = (status: number): boolean => status === STATUS.throttled || status === STATUS.queueFull;

/** The answer to a submission that was not accepted. */
export const refusalOf = (status: number): DeliveryError =>
  PERMANENT.has(status) ? rejected(statusText(status)) : unavailable(statusText(status));
