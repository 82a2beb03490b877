/** Who imports whom, as the compiler reads it: for the architecture test. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Import {
  /** The file that imports, below `src/`. */
  readonly from: string;
  /** A file of ours below `src/`, a builtin with its `node:`, or the name of a package. */
  readonly to: string;
  readonly kind: 'ours' | 'builtin' | 'package';
  /** Gone when the sources run. `import { type A }` is not: node still loads the module. */
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface Source {
  readonly file: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

/** All files below a folder of the repository with this ending, as paths below that folder. */
export const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .sort();

export const readText = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');

/** `@scope/name/deep` and `name/deep` belong to a package; what stands behind its name does not matter here. */
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

function read(file: string): Source {
  const text = readText(`src/${file}`);
  const parsed = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  const add = (node: ts.Node, specifier: string, typeOnly: boolean): void => {
    const kind = specifier.startsWith('.') ? 'ours' : specifier.startsWith('node:') ? 'builtin' : 'package';
    const to =
      kind === 'ours'
        ? posix.join(posix.dirname(file), specifier)
        : kind === 'builtin'
          ? specifier
          : packageOf(specifier);
    imports.push({
      from: file,
      to,
      kind,
      typeOnly,
      line: parsed.getLineAndCharacterOfPosition(node.getStart(parsed)).line + 1,
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier))
      add(node, node.moduleSpecifier.text, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier !== undefined &&
      ts.isStringLiteral(node.moduleSpecifier)
    )
      add(node, node.moduleSpecifier.text, node.isTypeOnly);
    else if (
      ts.isImportTypeNode(node) &&
      ts.isLiteralTypeNode(node.argument) &&
      ts.isStringLiteral(node.argument.literal)
    )
      add(node, node.argument.literal.text, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments;
      if (specifier !== undefined && ts.isStringLiteral(specifier)) add(node, specifier.text, false);
    }
    ts.forEachChild(node, visit);
  };
  visit(parsed);
  return { file, text, lines: text.replace(/\n$/, '').split('\n').length, imports };
}

/** Every source file of the product with what it imports. */
export const readSources = (): readonly Source[] =>
  filesIn('src', '.ts')
    .filter((file) => !file.endsWith('.d.ts'))
    .map(read);
