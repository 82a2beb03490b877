import { redirect } from '@sveltejs/kit';
import { beginSignIn } from '#lib/server/siapkerja.js';
import { writeSession } from '#lib/server/sessions.js';

export async function GET({ cookies }) {
  const { url, begun } = await beginSignIn();
  writeSession(cookies, { begun });
  redirect(303, url, { external: true });
}
