const { InMemoryWebStorage, UserManager, WebStorageStateStore } = window.oidc;

const { issuer, clientId } = await (await fetch('config.json')).json();
const here = new URL('/', location.href).href;

const manager = new UserManager({
  authority: issuer,
  client_id: clientId,
  redirect_uri: here,
  post_logout_redirect_uri: here,
  response_type: 'code',
  scope: 'openid profile',
  loadUserInfo: true,
  // Tokens stay in memory: whatever script gets into the page later finds none in storage. Single sign-on brings them back.
  userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
});

const show = (id, visible) => {
  document.getElementById(id).hidden = !visible;
};

async function userOf(address) {
  if (!address.searchParams.has('state')) return null;
  try {
    return await manager.signinCallback(address.href);
  } catch (error) {
    document.getElementById('greeting').textContent = error.error === 'access_denied' ? '' : 'Masuk tidak berhasil. Coba lagi.';
    return null;
  } finally {
    history.replaceState(null, '', '/');
  }
}

const user = await userOf(new URL(location.href));
if (user) document.getElementById('greeting').textContent = `Halo, ${user.profile.name}`;
show('sign-in', !user);
show('sign-out', Boolean(user));
document.getElementById('sign-in').addEventListener('click', () => manager.signinRedirect());
document.getElementById('sign-out').addEventListener('click', () => manager.signoutRedirect({ id_token_hint: user.id_token }));
