// Any web server will do: these are files, and where the sign-on is.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const { ISSUER = 'http://localhost:3000', CLIENT_ID, PORT = '8082' } = process.env;

const file = (name, type) => ({ type, read: () => readFile(new URL(name, import.meta.url)) });
const library = fileURLToPath(new URL('../browser/oidc-client-ts.min.js', import.meta.resolve('oidc-client-ts')));
const files = {
  '/': file('index.html', 'text/html; charset=utf-8'),
  '/app.js': file('app.js', 'text/javascript'),
  '/oidc-client-ts.js': { type: 'text/javascript', read: () => readFile(library) },
  '/config.json': { type: 'application/json', read: () => JSON.stringify({ issuer: ISSUER, clientId: CLIENT_ID }) },
};

createServer(async (request, response) => {
  const found = files[new URL(request.url, 'http://localhost').pathname];
  if (found === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    'content-type': found.type,
    'content-security-policy': `default-src 'none'; script-src 'self'; connect-src 'self' ${new URL(ISSUER).origin}; base-uri 'none'; frame-ancestors 'none'`,
  });
  response.end(await found.read());
}).listen(Number(PORT), 'localhost', () => {
  console.log(`http://localhost:${PORT}`);
});
