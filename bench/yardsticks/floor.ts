/**
 * An HTTP server of Node that answers everybody the same bytes and does nothing else: what no answer of ours can cost
 * less than.
 */
import { createServer } from 'node:http';

const bytes = Buffer.from(JSON.stringify({ keys: 'x'.repeat(1600) }));
const head = ['Content-Type', 'application/json', 'Content-Length', String(bytes.length)];

createServer((_request, response) => response.writeHead(200, head).end(bytes)).listen(
  Number(process.env.PORT),
  '127.0.0.1',
);
process.on('SIGTERM', () => process.exit(0));
