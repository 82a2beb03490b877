import type { ErrorModel, ErrorPlace } from '../web/error-screen.ts';
import { say, type Examples, type Screen } from '../web/screen.ts';
import { exampleFrame, type Frame } from './frame.ts';

export interface ConsoleModel {
  readonly frame: Frame;
}

export interface HomeModel extends ConsoleModel {
  /** How many proposals wait for a decision, for those who have to do with them. */
  readonly waiting: number;
  /** How many requests for an account wait for an officer, for those who give opinions on them. */
  readonly recoveries: number;
}

export const homeScreen = (model: HomeModel): Screen<HomeModel> => ({
  view: 'admin/home',
  title: say('admin.home.title'),
  model,
});
/** For operators whose roles do not cover the page. */
export const forbiddenScreen = (model: ConsoleModel): Screen<ConsoleModel> => ({
  view: 'admin/forbidden',
  title: say('admin.forbidden.title'),
  model,
});

/** What went wrong at the console, with the way back into it. */
export const errorPlace = (frame: Frame): ErrorPlace => ({
  home: { url: '/admin', label: say('admin.home.link') },
  draw: (model): Screen<ErrorModel & ConsoleModel> => ({
    view: 'admin/error',
    title: say('errors.title'),
    model: { ...model, frame },
  }),
});

const place = errorPlace(exampleFrame('clients', ['client-manager']));

export const examples: Examples = {
  'not found': place.draw({
    status: 404,
    text: say('errors.not-found'),
    helpCode: 'K7Q2-M9',
    back: place.home,
    detail: undefined,
  }),
  'home: help desk': homeScreen({ frame: exampleFrame(undefined, ['support']), waiting: 0, recoveries: 2 }),
  'home: all areas': homeScreen({
    frame: exampleFrame(undefined, ['client-manager', 'support', 'administrator']),
    waiting: 3,
    recoveries: 0,
  }),
  'not for this role': forbiddenScreen({ frame: exampleFrame(undefined, ['client-approver']) }),
};
