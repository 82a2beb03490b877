import { createServer } from 'node:http';
import { handler } from './build/handler.js';

const { PORT = '8087' } = process.env;

createServer(handler).listen(Number(PORT), 'localhost', () => {
  console.log(`http://localhost:${PORT}`);
});
