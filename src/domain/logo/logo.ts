import { ok, refuse, type Result } from '../result.ts';
import { readJpeg } from './jpeg.ts';
import { BrokenPicture, type Picture } from './parts.ts';
import { PNG_SIGNATURE, readPng } from './png.ts';
import { readWebp } from './webp.ts';

export const LOGO_BYTES = 256 * 1024;
export const LOGO_PIXELS = 1024;

export const logoTypes = { png: 'image/png', jpg: 'image/jpeg', webp: 'image/webp' } as const;
export type LogoExtension = keyof typeof logoTypes;

export const logoRefusals = [
  'logo-empty',
  'logo-large',
  'logo-svg',
  'logo-type',
  'logo-pixels',
  'logo-broken',
] as const;
export type LogoRefusal = (typeof logoRefusals)[number];

export interface Logo extends Picture {
  readonly extension: LogoExtension;
}

/** What a logo is called, here and in its address: the hash of its bytes (SHA-256) and its ending. */
export const LOGO_NAME = /^[0-9a-f]{64}\.(png|jpg|webp)$/;

/**
 * Where our pages find the logo of a service; undefined where it has none. What another host serves they never load.
 */
export function logoUrlOf({ logo }: { readonly logo?: unknown }): string | undefined {
  return typeof logo === 'string' && LOGO_NAME.test(logo) ? `/logos/${logo}` : undefined;
}

function kindOf(
  bytes: Buffer,
): { readonly extension: LogoExtension; readonly read: (bytes: Buffer) => Picture } | undefined {
  if (bytes.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE)) return { extension: 'png', read: readPng };
  if (bytes.readUIntBE(0, 3) === 0xffd8ff) return { extension: 'jpg', read: readJpeg };
  return bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP'
    ? { extension: 'webp', read: readWebp }
    : undefined;
}

const SHORTEST = 12;
const isSvg = (bytes: Buffer): boolean => /<svg[\s>]/i.test(bytes.toString('utf8', 0, 4096));

/**
 * Judges a file by its own bytes, whatever its name and the browser say, and writes the picture anew: markup in texts
 * or behind the end, places that a camera wrote down and other files in one with it stay behind.
 */
export function readLogo(bytes: Buffer): Result<Logo, LogoRefusal> {
  if (bytes.length === 0) return refuse('logo-empty');
  if (bytes.length > LOGO_BYTES) return refuse('logo-large');
  if (bytes.length < SHORTEST) return refuse('logo-type');
  const kind = kindOf(bytes);
  if (kind === undefined) return refuse(isSvg(bytes) ? 'logo-svg' : 'logo-type');
  try {
    const picture = kind.read(bytes);
    const { width, height } = picture;
    if (width === 0 || height === 0) return refuse('logo-broken');
    if (width > LOGO_PIXELS || height > LOGO_PIXELS) return refuse('logo-pixels');
    return ok({ ...picture, extension: kind.extension });
  } catch (error) {
    if (error instanceof BrokenPicture) return refuse('logo-broken');
    throw error;
  }
}
