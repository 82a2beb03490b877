import { redirect } from '@sveltejs/kit';
import { signOutUrl } from '#lib/server/siapkerja.js';
import { endSession } from '#lib/server/sessions.js';

export async function POST({ cookies, locals }) {
  endSession(cookies);
  redirect(303, await signOutUrl(locals.session.person?.idToken), { external: true });
}
