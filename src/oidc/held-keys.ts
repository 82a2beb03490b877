/** Keys of a service are fetched anew after so long at the latest, whatever its server says of how long they are good. */
export const LONGEST_SECONDS = 300;

/**
 * The fetch by which the protocol gets the keys of services. The library keeps them for as long as the answer says: a key that a
 * service took out of its document, because it leaked, would be good for as long as somebody once wrote there, a year for instance.
 */
export const keptShortly =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (...request) => {
    const answer = await fetch(...request);
    const headers = new Headers(answer.headers);
    headers.delete('expires');
    const said = /max-age=(\d+)/.exec(headers.get('cache-control') ?? '')?.[1];
    if (said !== undefined) headers.set('cache-control', `max-age=${Math.min(Number(said), LONGEST_SECONDS)}`);
    return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
  };
