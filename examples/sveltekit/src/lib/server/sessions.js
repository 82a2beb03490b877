import { randomBytes } from 'node:crypto';
import { home } from './siapkerja.js';

const COOKIE = 'contoh_sveltekit';

/**
 * One browser each: on its way to the sign-in, or signed in. The cookie holds a random id and nothing else. They live in the
 * memory of this one process; several processes share them in Redis or a database, where they also run out.
 */
const sessions = new Map();

export const readSession = (cookies) => sessions.get(cookies.get(COOKIE)) ?? {};

/** Begins a session under a new id, whatever id the browser had before. */
export function writeSession(cookies, session) {
  sessions.delete(cookies.get(COOKIE));
  const id = randomBytes(32).toString('base64url');
  sessions.set(id, session);
  cookies.set(COOKIE, id, { path: '/', httpOnly: true, sameSite: 'lax', secure: home.protocol === 'https:' });
}

export function endSession(cookies) {
  sessions.delete(cookies.get(COOKIE));
  cookies.delete(COOKIE, { path: '/' });
}

/** Ends what a notice of sign-out names: one session, or without `sid` every session of the person. */
export function endSessionsOf({ sub, sid }) {
  for (const [id, { person }] of sessions) {
    if (person && (sid === undefined || person.sid === sid) && (sub === undefined || person.sub === sub)) sessions.delete(id);
  }
}
