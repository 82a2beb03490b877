export interface TemplateValues {
  /** `628…` */
  readonly to: string;
  /** `+628…` */
  readonly toPlus: string;
  readonly text: string;
  readonly ref: string;
}

type Encode = (value: string) => string;

const XML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** How a value is written so that it stays a value in the place it is put. */
export const encoders = {
  url: encodeURIComponent,
  form: encodeURIComponent,
  json: (value) => JSON.stringify(value).slice(1, -1),
  xml: (value) => value.replaceAll(/[&<>"']/g, (character) => XML[character] ?? ''),
  // A line break in a header would begin another one.
  header: (value) => value.replaceAll(/[^\x20-\x7e]/g, ' '),
} satisfies Readonly<Record<string, Encode>>;

/**
 * The encoder for a body of the content type among the headers.
 * @throws {TypeError} none or one whose escaping is not known here.
 */
export function encodingOf(headers: Readonly<Record<string, string>>): Encode {
  const type =
    Object.entries(headers)
      .find(([name]) => name.toLowerCase() === 'content-type')?.[1]
      .toLowerCase() ?? '';
  if (/^application\/(?:[\w.-]+\+)?json\b/.test(type)) return encoders.json;
  if (type.startsWith('application/x-www-form-urlencoded')) return encoders.form;
  if (/^(?:application|text)\/(?:[\w.-]+\+)?xml\b/.test(type)) return encoders.xml;
  throw new TypeError(
    `SMS_HTTP_HEADERS: content-type must be JSON, XML or application/x-www-form-urlencoded, not "${type}"`,
  );
}

/** Fills `{to}`, `{toPlus}`, `{text}` and `{ref}`; every other brace stays as it is. */
export const createTemplate =
  (template: string, encode: Encode) =>
  (values: TemplateValues): string =>
    template.replaceAll(/\{(to|toPlus|text|ref)\}/g, (_, name: keyof TemplateValues) => encode(values[name]));
