import express from 'express';
import openid from 'express-openid-connect';

const { ISSUER = 'http://localhost:3000', CLIENT_ID, CLIENT_SECRET, SESSION_SECRET, PORT = '8081' } = process.env;

/** Sessions live in the memory of this one process; several processes share them in Redis or a database. */
function createStore() {
  const sessions = new Map();
  return {
    get: (id, done) => done(null, sessions.get(id)),
    set: (id, session, done) => {
      sessions.set(id, session);
      done(null);
    },
    destroy: (id, done) => {
      sessions.delete(id);
      done(null);
    },
  };
}

const escape = (text) => String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const app = express();

app.use(
  openid.auth({
    issuerBaseURL: ISSUER,
    baseURL: `http://localhost:${PORT}`,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    secret: SESSION_SECRET,
    clientAuthMethod: 'client_secret_basic',
    idTokenSigningAlg: 'ES256',
    authorizationParams: { response_type: 'code', response_mode: 'query', scope: 'openid profile email' },
    authRequired: false,
    // "Keluar" ends the session at SIAPkerja as well, and a sign-out elsewhere ends the one here.
    idpLogout: true,
    session: { store: createStore() },
    backchannelLogout: true,
  }),
);

// Who the person is stands in userinfo; the ID token tells only that and how they signed in.
app.get('/', async (request, response) => {
  if (!request.oidc.isAuthenticated()) {
    response.send('<h1>Contoh Express</h1><p><a href="/login">Masuk dengan SIAPkerja</a></p>');
    return;
  }
  const person = await request.oidc.fetchUserInfo();
  response.send(`<h1>Halo, ${escape(person.name)}</h1><p>${escape(person.email ?? 'tanpa email')}</p><p><a href="/logout">Keluar</a></p>`);
});

// "The person went back without signing in" is no error of ours; nor is an answer that comes twice, where the first has signed the person in.
app.use((error, request, response, _next) => {
  const isAnswerAgain = request.path === '/callback' && request.oidc?.isAuthenticated();
  if (error.error === 'access_denied' || isAnswerAgain) response.redirect('/');
  else response.status(error.status ?? 500).send(`<h1>Masuk tidak berhasil</h1><p>${escape(error.error ?? 'coba lagi')}</p><p><a href="/">Kembali</a></p>`);
});

app.listen(Number(PORT), 'localhost', () => {
  console.log(`http://localhost:${PORT}`);
});
