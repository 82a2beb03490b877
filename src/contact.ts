import type Router from 'koa-router';
import { createAddressService } from './account/contact/address.ts';
import { createContactDrafts } from './account/contact/drafts.ts';
import { createNumberService } from './account/contact/number.ts';
import { createProving } from './account/contact/proving.ts';
import { addContact } from './account/contact/routes.ts';
import { createContact } from './account/contact/service.ts';
import type { Core } from './core.ts';
import { createCodeProgress } from './messages/code-progress.ts';
import { createCodes } from './messages/codes.ts';
import { createEmailLinks } from './messages/email-link.ts';
import type { Csrf } from './web/csrf.ts';
import type { Sessions } from './web/session.ts';

/** The person's own pages about number and address, put together: `/account/contact…`. */
export function addContactPages(
  core: Core,
  { sessions, csrf }: { readonly sessions: Sessions; readonly csrf: Csrf },
): (router: Router) => void {
  const { config, store, clock, random } = core;
  const drafts = createContactDrafts({ store, clock, random, config: config.lifetimes });
  const proving = createProving(core);
  return addContact({
    ...core,
    contact: createContact({ ...core, proving }),
    number: createNumberService({ ...core, drafts, proving, codes: createCodes(core) }),
    address: createAddressService({ ...core, drafts, emailLinks: createEmailLinks(core) }),
    drafts,
    progress: createCodeProgress(core),
    sessions,
    csrf,
  });
}
