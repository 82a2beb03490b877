import { say, type Examples, type Screen } from '../web/screen.ts';
import { exampleFrame, type Frame } from './frame.ts';

export interface ConsoleModel {
  readonly frame: Frame;
}

export interface HomeModel extends ConsoleModel {
  /** How many proposals wait for a decision, for those who have to do with them. */
  readonly waiting: number;
}

export const homeScreen = (model: HomeModel): Screen<HomeModel> => ({ view: 'admin/home', title: say('admin.home.title'), model });
/** For operators whose roles do not cover the page. */
export const forbiddenScreen = (model: ConsoleModel): Screen<ConsoleModel> => ({ view: 'admin/forbidden', title: say('admin.forbidden.title'), model });

export const examples: Examples = {
  'home: help desk': homeScreen({ frame: exampleFrame(undefined, ['support']), waiting: 0 }),
  'home: all areas': homeScreen({ frame: exampleFrame(undefined, ['client-manager', 'support', 'administrator']), waiting: 3 }),
  'not for this role': forbiddenScreen({ frame: exampleFrame(undefined, ['client-approver']) }),
};
