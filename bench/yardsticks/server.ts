/**
 * oidc-provider as it comes: RS256, clients written into the configuration, everybody who types anything is signed in,
 * and nothing of what a sign-on needs besides. `node bench/yardsticks/server.ts`, told what it needs by its
 * environment.
 */
import { createPrivateKey } from 'node:crypto';
import { createServer } from 'node:http';
import Koa, { type Context } from 'koa';
import Provider from 'oidc-provider';
import { createMapAdapter } from './map-adapter.ts';
import { createRedisAdapter } from './redis-adapter.ts';
import { yardstickClients } from './clients.ts';

const { ISSUER: issuer = '', PORT: port = '', SIGNING_KEY: signingKey = '', REDIS_URL: redisUrl } = process.env;

const cookieKeys = ['a key that signs the cookies of a yardstick'];

const provider = new Provider(issuer, {
  adapter: redisUrl === undefined ? createMapAdapter() : createRedisAdapter(redisUrl),
  clients: yardstickClients,
  jwks: {
    keys: [{ ...createPrivateKey(signingKey).export({ format: 'jwk' }), kid: 'rs256', alg: 'RS256', use: 'sig' }],
  },
  cookies: { keys: cookieKeys, long: { signed: true }, short: { signed: true } },
  claims: { openid: ['sub'], profile: ['name'] },
  findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, name: 'Budi Contoh Santoso' }) }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  // What was asked for is granted.
  async loadExistingGrant(ctx) {
    const { client, session } = ctx.oidc;
    if (client === undefined || session?.accountId === undefined) return undefined;
    const id = session.grantIdFor(client.clientId);
    const existing = id === undefined ? undefined : await ctx.oidc.provider.Grant.find(id);
    if (existing !== undefined) return existing;
    const grant = new ctx.oidc.provider.Grant({ accountId: session.accountId, clientId: client.clientId });
    grant.addOIDCScope('openid profile');
    await grant.save();
    return grant;
  },
  ttl: {
    Interaction: 3600,
    Session: 86_400,
    Grant: 86_400,
    AuthorizationCode: 60,
    AccessToken: 900,
    ClientCredentials: 600,
    IdToken: 900,
    RefreshToken: 86_400,
  },
});

async function readForm(ctx: Context): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of ctx.req as AsyncIterable<Buffer>) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

// Nothing may go wrong here: a yardstick that fails is a wrong one.
provider.on('server_error', (_ctx: unknown, error: Error) => {
  console.error(error);
});

const app = new Koa({ keys: cookieKeys });
app.use(async (ctx, next) => {
  const uid = /^\/interaction\/([\w-]+)/.exec(ctx.path)?.[1];
  if (uid === undefined) {
    await next();
    return;
  }
  await provider.interactionDetails(ctx.req, ctx.res);
  if (ctx.method === 'GET') {
    ctx.type = 'html';
    ctx.body = `<!doctype html><form method="post" action="/interaction/${uid}/login"><input name="identifier" value=""><input name="password" type="password"><button>Sign in</button></form>`;
    return;
  }
  const accountId = (await readForm(ctx)).get('identifier') ?? '';
  await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId } });
  ctx.respond = false;
});
for (const step of provider.middleware) app.use(step);
createServer((request, response) => void app.callback()(request, response)).listen(Number(port), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
