import { error, redirect } from '@sveltejs/kit';
import { finishSignIn } from '#lib/server/siapkerja.js';
import { endSession, writeSession } from '#lib/server/sessions.js';

export async function load({ url, cookies, locals }) {
  const { begun } = locals.session;
  // An old address, or another browser. Whoever is signed in already stays so.
  if (!begun) redirect(303, '/');
  // What was begun is good for one answer.
  endSession(cookies);
  let person;
  try {
    person = await finishSignIn(url.search, begun);
  } catch (problem) {
    // "The person went back without signing in" is no error of ours: the page says so.
    if (problem.error === 'access_denied') return {};
    console.error(problem);
    error(400, 'Masuk tidak berhasil. Silakan mulai lagi.');
  }
  writeSession(cookies, { person });
  redirect(303, '/');
}
