/** A field of the document by its RFC 7591 name, and what is wrong with it. */
export interface FieldProblem {
  readonly field: string;
  readonly what: string;
}
