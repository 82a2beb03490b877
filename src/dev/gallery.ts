import type { Context } from 'koa';
import Router from 'koa-router';
import { LOCALES, type Locale } from '../domain/locale.ts';
import { examples as accountContact } from '../account/contact/screens.ts';
import { examples as accountRecoveryRequest } from '../account/recovery-request/screens.ts';
import { examples as accountSecurity } from '../account/security/screens.ts';
import { examples as docs } from '../docs/screens.ts';
import { examples as accountServices } from '../account/services/screens.ts';
import { examples as consent } from '../interaction/consent/screens.ts';
import { examples as adminAccounts } from '../admin/accounts/screens.ts';
import { examples as adminWaits } from '../admin/accounts/wait-screens.ts';
import { examples as adminApis } from '../admin/apis/screens.ts';
import { examples as adminAudit } from '../admin/audit/screens.ts';
import { examples as adminClientErrors } from '../admin/clients/errors/screens.ts';
import { examples as adminChecks } from '../admin/checks/screens.ts';
import { examples as adminClients } from '../admin/clients/examples.ts';
import { examples as adminReview } from '../admin/clients/review-examples.ts';
import { examples as adminClientKeys } from '../admin/clients/keys/screens.ts';
import { examples as adminClientSecrets } from '../admin/clients/secrets/screens.ts';
import { examples as adminClientLogo } from '../admin/clients/logo/screens.ts';
import { examples as adminTeams } from '../admin/clients/registration/screens.ts';
import { examples as adminOperators } from '../admin/operators/screens.ts';
import { examples as adminRecoveryRequests } from '../admin/recovery-requests/examples.ts';
import { examples as adminReports } from '../admin/reports/screens.ts';
import { examples as admin } from '../admin/screens.ts';
import { examples as login } from '../interaction/login/screens.ts';
import { examples as recovery } from '../interaction/recovery/screens.ts';
import { examples as recoveryRequest } from '../interaction/recovery-request/examples.ts';
import { examples as registration } from '../interaction/registration/examples.ts';
import { examples as secondFactor } from '../interaction/second-factor/screens.ts';
import { examples as interaction } from '../interaction/screens.ts';
import { examples as oidc } from '../oidc/screens.ts';
import { examples as portal } from '../portal/screens.ts';
import { examples as sandbox } from '../sandbox/screens.ts';
import { examples as errors } from '../web/error-screen.ts';
import { isLocale } from '../web/i18n.ts';
import { renderScreen } from '../web/render.ts';
import { say, type Screen } from '../web/screen.ts';

export interface GalleryEntry {
  readonly view: string;
  readonly name: string;
  readonly screen: Screen;
}

/** Every screen of the product in every named state. */
export const gallery: readonly GalleryEntry[] = [
  portal,
  login,
  registration,
  recovery,
  recoveryRequest,
  consent,
  secondFactor,
  interaction,
  oidc,
  accountContact,
  accountServices,
  accountRecoveryRequest,
  accountSecurity,
  docs,
  admin,
  adminAccounts,
  adminWaits,
  adminAudit,
  adminChecks,
  adminClients,
  adminClientErrors,
  adminClientKeys,
  adminClientLogo,
  adminClientSecrets,
  adminReview,
  adminTeams,
  adminApis,
  adminOperators,
  adminRecoveryRequests,
  adminReports,
  sandbox,
  errors,
].flatMap((examples) => Object.entries(examples).map(([name, screen]) => ({ view: screen.view, name, screen })));

export const galleryUrl = ({ view, name }: GalleryEntry, lang: Locale): string =>
  `/dev/gallery/show?${new URLSearchParams({ view, example: name, lang }).toString()}`;

function overview(): Screen {
  const views = [...new Set(gallery.map((entry) => entry.view))];
  const groups = views.map((view) => ({
    view,
    examples: gallery
      .filter((entry) => entry.view === view)
      .map((entry) => ({ name: entry.name, links: LOCALES.map((lang) => ({ lang, href: galleryUrl(entry, lang) })) })),
  }));
  return { view: 'dev/gallery', title: say('dev.gallery.title'), model: { groups } };
}

/** `/dev/gallery` and `/dev/gallery/show?view=…&example=…&lang=…`; never mounted in production. */
export function createGallery(): Router {
  const router = new Router();
  router.get('/dev/gallery', (ctx) => renderScreen(ctx as Context, overview(), { locale: 'en' }));
  router.get('/dev/gallery/show', async (ctx) => {
    const entry = gallery.find(({ view, name }) => view === ctx.query.view && name === ctx.query.example);
    if (entry === undefined) return;
    const { lang } = ctx.query;
    await renderScreen(ctx as Context, entry.screen, {
      locale: isLocale(lang) ? lang : 'id',
      csrf: 'example',
      ribbon: false,
    });
  });
  return router;
}
