// What the page needs and no more: the ID token stays on the server.
export function load({ locals }) {
  const { person } = locals.session;
  return { person: person && { name: person.name, email: person.email } };
}
