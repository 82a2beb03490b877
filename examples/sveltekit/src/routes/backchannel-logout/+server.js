import { readLogoutToken } from '#lib/server/logout-token.js';
import { endSessionsOf } from '#lib/server/sessions.js';

export async function POST({ request }) {
  const headers = { 'cache-control': 'no-store' };
  const form = await request.formData().catch(() => new FormData());
  const notice = await readLogoutToken(String(form.get('logout_token')));
  if (!notice) return new Response('not a logout token', { status: 400, headers });
  endSessionsOf(notice);
  return new Response(null, { status: 204, headers });
}
