/** A secret as people copy it by hand: `MZXW 6YTB OI2D …`; apps do not mind the spaces. */
export const inFours = (text: string): string => text.match(/.{1,4}/g)?.join(' ') ?? '';
