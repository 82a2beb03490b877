/** Of the paths only what is ours: anything else is somebody's typing, and would make a series for each. */
const AREAS = new Set([
  'interaction',
  'account',
  'admin',
  'api',
  'auth',
  'token',
  'me',
  'jwks',
  'request',
  'session',
  'device',
  'reg',
  'docs',
  'portal',
  'logos',
  'receipts',
  'sandbox',
  '.well-known',
]);
const METHODS = new Set(['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH']);

/** The part of the product that a path belongs to: one of a few words. */
export const areaOf = (path: string): string => {
  const first = path.split('/', 2)[1] ?? '';
  return first === '' ? 'front' : AREAS.has(first) ? first : 'other';
};

export const methodOf = (method: string): string => (METHODS.has(method) ? method : 'other');
