/**
 * The outcome of something that a person may get wrong: a value, or a refusal they can act on.
 * A failure nobody planned for is an exception instead.
 */
export type Result<T, R> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: R };

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });

export const refuse = <const R>(refusal: R): { readonly ok: false; readonly refusal: R } => ({ ok: false, refusal });
