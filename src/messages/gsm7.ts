/**
 * The alphabet of text messages: GSM 03.38 (3GPP TS 23.038 §6.2.1), default table and extension table.
 * One character outside it turns the whole message into UCS-2 and one segment of 160 into segments of 70.
 */
const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
const EXTENDED = new Set('\f^{}\\[~]|€');

/** Septets of one segment. */
const SEGMENT_SEPTETS = 160;

export const isGsm7 = (text: string): boolean =>
  Array.from(text).every((character) => BASIC.has(character) || EXTENDED.has(character));

/** Length of a GSM-7 text in septets: a character of the extension table takes two (the escape and itself). */
export const septets = (text: string): number =>
  Array.from(text).reduce((sum, character) => sum + (EXTENDED.has(character) ? 2 : 1), 0);

export const fitsOneSegment = (text: string): boolean => isGsm7(text) && septets(text) <= SEGMENT_SEPTETS;
