import adapter from '@sveltejs/adapter-node';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [
    sveltekit({
      adapter: adapter(),
      // SvelteKit turns away every form without an Origin, and a notice of sign-out has none: it comes from a server, not
      // from a browser. The check is in src/hooks.server.js instead, which knows that one exception.
      csrf: { trustedOrigins: ['*'] },
    }),
  ],
  server: { port: Number(process.env.PORT ?? 8087), strictPort: true },
});
