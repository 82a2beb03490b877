declare module 'pug' {
  /** `basedir`: where a path that begins with a slash is looked for. */
  export function compileFile(path: string, options: { basedir: string }): (model: object) => string;
}
