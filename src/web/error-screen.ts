import { say, type Examples, type Screen, type Sentence } from './screen.ts';

export interface ErrorModel {
  readonly status: number;
  readonly text: Sentence;
  /** Finds the log entry; shown for the help desk. */
  readonly helpCode: string;
  /** Where to go from here. */
  readonly back: { readonly url: string; readonly label: Sentence };
  /** What a service's developer needs: the OAuth error and its description. */
  readonly detail: { readonly error: string; readonly description: string | undefined } | undefined;
}

/** A part of the product with error pages of its own: a middleware of it puts this at `ctx.state.errorPlace`. */
export interface ErrorPlace {
  readonly home: ErrorModel['back'];
  readonly draw: (model: ErrorModel) => Screen;
}

export const errorScreen = (model: ErrorModel): Screen<ErrorModel> => ({
  view: 'errors/error',
  title: say('errors.title'),
  model,
});

const home = { url: '/', label: say('errors.home') };

export const examples: Examples = {
  'not found': errorScreen({
    status: 404,
    text: say('errors.not-found'),
    helpCode: 'K7Q2-M9',
    back: home,
    detail: undefined,
  }),
  'page open too long': errorScreen({
    status: 403,
    text: say('errors.stale-form'),
    helpCode: 'K7Q2-M9',
    back: { url: '/', label: say('errors.reload') },
    detail: undefined,
  }),
  'too much at once': errorScreen({
    status: 503,
    text: say('errors.busy', { seconds: 5 }),
    helpCode: 'K7Q2-M9',
    back: { url: '/', label: say('errors.reload') },
    detail: undefined,
  }),
  'our fault': errorScreen({
    status: 500,
    text: say('errors.internal'),
    helpCode: 'K7Q2-M9',
    back: home,
    detail: undefined,
  }),
  'unknown client': errorScreen({
    status: 400,
    text: say('errors.oidc.client'),
    helpCode: 'K7Q2-M9',
    back: home,
    detail: { error: 'invalid_client', description: 'client is invalid' },
  }),
  'return address does not match': errorScreen({
    status: 400,
    text: say('errors.oidc.redirect', { service: 'Karirhub (contoh)' }),
    helpCode: 'K7Q2-M9',
    back: home,
    detail: {
      error: 'invalid_redirect_uri',
      description: "redirect_uri did not match any of the client's registered redirect_uris",
    },
  }),
};
