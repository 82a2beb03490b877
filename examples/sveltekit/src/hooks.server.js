import { home } from '#lib/server/siapkerja.js';
import { readSession } from '#lib/server/sessions.js';

/** @type {import('@sveltejs/kit/hooks').Handle} */
export async function handle({ event, resolve }) {
  const { request, url, cookies, locals } = event;
  // What changes something comes from a page of ours. Only the sign-on's notices come from elsewhere, and they are signed.
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  if (!isReading && url.pathname !== '/backchannel-logout' && request.headers.get('origin') !== home.origin) {
    return new Response('Permintaan ini tidak datang dari halaman kami.', { status: 403 });
  }
  locals.session = readSession(cookies);
  return resolve(event);
}

/** @type {import('@sveltejs/kit/hooks').HandleServerError} */
export function handleError({ kind, error }) {
  if (kind === 'app') return undefined;
  if (kind === 'framework' && error.status === 404) return { message: 'Halaman ini tidak ada.' };
  console.error(error);
  return { message: 'Ada kendala di pihak kami. Silakan coba lagi nanti.' };
}
