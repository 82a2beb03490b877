/** As much of pug as is used directly; the package brings no types. */
declare module 'pug' {
  export function compileFile(path: string): (model: object) => string;
}
