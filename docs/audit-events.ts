import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { eventMeanings } from '../src/audit/events.ts';
import { cell, code, table } from './markdown.ts';

const file = new URL('../src/audit/events.ts', import.meta.url);

/** What goes along with each event: it stands in the types alone, so the compiler's parser reads it. */
function readDetails(): ReadonlyMap<string, string> {
  const source = ts.createSourceFile('events.ts', readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const catalogue = source.statements.find(
    (node) => ts.isInterfaceDeclaration(node) && node.name.text === 'EventCatalogue',
  ) as ts.InterfaceDeclaration;
  return new Map(
    catalogue.members
      .filter(ts.isPropertySignature)
      .map(({ name, type }) => [
        (name as ts.StringLiteral).text,
        type !== undefined && ts.isTypeLiteralNode(type)
          ? type.members.map((member) => code(member.getText(source).replace(/;$/, ''))).join(', ')
          : '',
      ]),
  );
}

/** `docs/audit-events.md`, from `src/audit/events.ts`. */
export function auditEventsPage(): string {
  const details = readDetails();
  const rows = Object.entries(eventMeanings).map(([type, meaning]) => [
    code(type),
    cell(meaning),
    details.get(type) ?? '',
  ]);
  return `# Audit events

Made by \`npm run docs\` from \`src/audit/events.ts\`; change it there.

The same name is the \`type\` in \`audit_log\` and the \`event\` of the log line. A row also holds the moment and, where they
are known, \`account_id\` and \`client_id\`. Nothing personal goes along: no name, NIK, address, number or code. How the rows
are chained is told in [architecture.md](architecture.md#audit).

${table(['Event', 'Meaning', 'Goes along'], rows)}
`;
}
