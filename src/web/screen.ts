/**
 * What a person sees, before it becomes HTML: a template's name and the plain object that the template receives.
 * Screens are pure functions from state to this; they carry sentences as keys, so that both languages and the gallery
 * come from one source.
 */
export type SentenceParams = Readonly<Record<string, string | number | Date>>;

/** A sentence of the locale files. Dates are shown as time (and day, where it is another) in the configured zone. */
export interface Sentence {
  readonly key: string;
  readonly params?: SentenceParams;
}

export const say = (key: string, params?: SentenceParams): Sentence =>
  params === undefined ? { key } : { key, params };

/** A field that needs another look: shown next to the field and, as a link to it, in the summary at the top. */
export interface FieldError {
  readonly field: string;
  readonly sentence: Sentence;
  /** What the summary calls the field, from what it belongs to down to itself; the sentence alone where it says so. */
  readonly label?: readonly Sentence[] | undefined;
  /** Of a field that takes several lines: which of them, counted from 1. */
  readonly line?: number | undefined;
}

export interface Screen<Model extends object = object> {
  /**
   * Path of the template below `views/`, without its ending. Locale keys of the screen begin with it, dots for slashes.
   */
  readonly view: string;
  readonly title: Sentence;
  readonly model: Model;
}

/** Whom the page is for: the service that sent the person here. */
export interface ServiceLabel {
  readonly name: string;
  /** Where its logo is, on our own host; undefined where it has none. */
  readonly logo?: string | undefined;
}

/** Named states of a screen, for the gallery, the tests and the screenshots alike. */
export type Examples = Readonly<Record<string, Screen>>;
