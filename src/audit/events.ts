/** An event that needs no words. */
type Nothing = Readonly<Record<string, never>>;
/** What something said of itself, by member: nothing that is about people. */
type Said = Readonly<Record<string, unknown>>;

/**
 * Everything that happens and is worth remembering: the type is the audit type, the metric label and the log event,
 * the value says what goes along. Nothing here may hold personal data: no name, NIK, address, number or code.
 */
export interface EventCatalogue {
  'registration.identity.verified': { reference: string };
  'registration.identity.refused': { reason: string; reference?: string };
  'registration.identity.unavailable': { trouble: string };
  'registration.identity.limited': { limit: string };
  'registration.identity.allowed': { by: string; reason: string };
  'registration.nik-taken': Nothing;
  'registration.misuse-reported': Nothing;
  'registration.code.sent': { sends: number; operator: string; reason: 'first' | 'again' | 'number-changed' };
  'registration.code.refused': { reason: string };
  'registration.code.not-sent': { reason: string };
  'registration.completed': { phoneMoved: boolean; operator: string };

  'sign-in.held': { amr: readonly string[]; knownDevice?: boolean };
  'sign-in.succeeded': { amr: readonly string[]; knownDevice?: boolean };
  'sign-in.refused': { reason: string; helpCode?: string };
  'sign-out.completed': Nothing;
  'logout.given-up': { reason: string; attempts: number; error: string };

  'recovery.code.sent': { channel: 'sms' | 'email'; sends: number; operator?: string };
  'recovery.code.refused': { reason: string; helpCode?: string };
  'recovery.code.not-sent': { reason: string };
  'recovery.completed': { channel: 'sms' | 'email'; operator?: string };

  'recovery.identity.verified': { reference: string };
  'recovery.identity.refused': { reason: string; reference?: string };
  'recovery.identity.unavailable': { trouble: string };
  'recovery.identity.limited': { limit: string };
  'recovery.request.code-sent': { sends: number; operator: string };
  'recovery.request.code-refused': { reason: string };
  'recovery.request.code-not-sent': { reason: string };
  'recovery.request.filed': { request: string; operator: string };
  'recovery.request.limited': { reason: string };
  'recovery.request.refused': { reason: 'suspended' | 'operator'; helpCode: string };
  'recovery.request.notice-sent': {
    request: string;
    of: 'warning' | 'completed' | 'closed';
    operator: string;
  };
  'recovery.request.examined': { request: string; by: string; reason: string };
  'recovery.request.approved': { request: string; by: string; reason: string };
  'recovery.request.rejected': { request: string; by: string; reason: string };
  'recovery.request.cancelled': { request: string; way: 'letter' | 'session' };
  'recovery.request.completed': { request: string; operator: string };
  'recovery.request.lapsed': { request: string; reason: 'undecided' | 'account-changed' | 'number-moved' };

  'consent.given': {
    kind: 'consent' | 'notice' | 'listed';
    scopes: readonly string[];
    textVersion: string;
    locale: string;
  };
  'consent.declined': { scopes: readonly string[] };
  'consent.withdrawn': Nothing;
  'second-factor.enrolled': Nothing;
  'second-factor.used': Nothing;
  'second-factor.refused': { reason: string };
  'second-factor.recovery-code-used': { left: number };
  'second-factor.recovery-codes-renewed': Nothing;
  'second-factor.removed': { by: string; reason?: string };

  'codes.allowed': { of: string; by: string; reason: string };

  'contact.phone.code-sent': { sends: number; operator: string; another: boolean };
  'contact.phone.code-refused': { reason: string };
  'contact.phone.code-not-sent': { reason: string };
  'contact.phone.proved': { replaced: boolean; moved: boolean; operator: string; by?: 'request' };
  'contact.phone.notice-sent': { operator: string };
  'contact.email.link-sent': { another: boolean };
  'contact.email.link-not-sent': { reason: string };
  'contact.email.confirmed': { moved: boolean; replaced?: boolean };
  'contact.email.lost': Nothing;
  'contact.email.notice-sent': { operator: string };
  'contact.phone.lost': Nothing;

  'account.created': { by: 'operator' | 'seed' };
  'account.imported': { run: string; records: number };
  'account.former-recognised': Nothing;
  'account.former-joined': { proof: 'password' | 'nik' };
  'account.former-linked': { run: string };
  'account.suspended': { by: string; reason?: string };
  'account.reinstated': { by: string; reason?: string };
  'account.sessions-ended': { by: string; reason: string };
  'account.activation-resent': { by: string; reason: string };
  'account.searched': { by: string; kind: string; found: boolean };
  'account.revealed': { by: string; datum: string; reason: string };

  'audit.exported': { by: string; format: string; filter: string };
  'audit.check-asked': { by: string };
  'audit.checked': { by: string; whole: boolean; position: number };
  'audit.retired': { until: string; events: number; position: number };

  'operator.granted': { role: string; by: string };
  'operator.revoked': { role: string; by: string };
  'operator.limited': { by: string; limit: string };
  'operator.refused': { by: string; permission: string };

  'request.refused': { reason: string; address: string; fields?: readonly string[]; by?: string };
  'change.refused': {
    kind: 'client' | 'logo' | 'api';
    reason: string;
    fields?: readonly string[];
    resource?: string;
    by: string;
  };

  'api.created': { resource: string; after: Said; by: string };
  'api.updated': {
    resource: string;
    fields: readonly string[];
    before: Said;
    after: Said;
    by: string;
    reason?: string;
  };
  'api.disabled': { resource: string; by: string; reason?: string };
  'api.enabled': { resource: string; by: string; reason?: string };

  'initial-token.made': { token: string; team: string; most: number; by: string; handedBy?: string; reason?: string };
  'initial-token.revoked': { token: string; team: string; by: string };
  'client-draft.removed': { by: string };

  'client.created': { type: string; by: string };
  'client.updated': { fields: readonly string[]; by: string };
  'client.disabled': { by: string; reason?: string };
  'client.enabled': { by: string; reason?: string };
  'client.secret-rotated': { by: string; reason?: string; number: number; overlapSeconds: number };
  'client.secret-ended': { by: string; reason?: string; number: number };
  'client.key-ended': { by: string; reason?: string; thumbprint: string; afterSeconds: number };
  'client.proposed': { version: number; fields: readonly string[]; by: string; reason?: string };
  'client.approved': { version: number; fields: readonly string[]; by: string; note?: string };
  'client.rejected': { version: number; by: string; note: string };
  'client.withdrawn': { version: number; by: string };
  'client.returned': { version: number; to: number; by: string; reason: string };
  'client.check-waived': { version: number; by: string; reason: string };
  'client.review-refused': { version: number; by: string; reason: string };
  'client.keys-refused': { reason: string; by: string };
  'client.address-refused': { member: string; reason: string; by: string };
  'client.check-started': { by: string };
  'client.check-passed': { by: string };
  'client.check-link-made': { by: string };

  'signing-key.made': { kid: string; algorithm: string; state: 'next' | 'current' };
  'signing-key.promoted': { kid: string; algorithm: string; by: string; former?: string; reason?: string };
  'signing-key.withdrawn': { kid: string; algorithm: string };
  'signing-key.removed': { kid: string; algorithm: string; state: string; by: string; reason: string };
}

export type EventType = keyof EventCatalogue;

/** What each event means, for docs/audit-events.md and for whoever reads the log. */
export const eventMeanings: Readonly<Record<EventType, string>> = {
  'registration.identity.verified': 'The civil registry confirmed NIK, name and mother’s name.',
  'registration.identity.refused': 'The civil registry answered, and not with a match.',
  'registration.identity.unavailable': 'The civil registry gave no answer.',
  'registration.identity.limited':
    'Too many failed checks for this NIK, device or network; the registry was not asked.',
  'registration.identity.allowed': 'An operator ended the wait of a NIK: what was tried with it today counts no more.',
  'registration.nik-taken': 'A confirmed person already has an account.',
  'registration.misuse-reported': 'A confirmed person says that they did not register the account of their NIK.',
  'registration.code.sent': 'A code for the mobile number was handed to the courier.',
  'registration.code.refused': 'A code was typed that did not count.',
  'registration.code.not-sent': 'A code was asked for and not sent: a limit or a wait.',
  'registration.completed': 'The account was made and the NIK claimed.',
  'sign-in.held':
    'A password was right (or what recovery asks for), and a second factor is asked for; without `sign-in.succeeded` after it nobody came in.',
  'sign-in.succeeded': 'A person signed in, by the methods in `amr`.',
  'sign-in.refused': 'A sign-in failed.',
  'sign-out.completed':
    'A session ended at the person’s wish, or because another person signed in in the same browser.',
  'logout.given-up': 'A service could not be told that a session ended.',
  'recovery.code.sent': 'A recovery code was handed to the courier.',
  'recovery.code.refused': 'A recovery code was typed that did not count.',
  'recovery.code.not-sent': 'A recovery code was asked for and not sent.',
  'recovery.completed': 'A password was replaced after a recovery code.',
  'recovery.identity.verified':
    'The civil registry confirmed who somebody says they are that asks for an account without number and address.',
  'recovery.identity.refused': 'The civil registry answered such a question, and not with a match.',
  'recovery.identity.unavailable': 'The civil registry gave no answer to it.',
  'recovery.identity.limited': 'Too many failed checks for this NIK, device or network; the registry was not asked.',
  'recovery.request.code-sent': 'A code for the number that a request for the account names was handed to the courier.',
  'recovery.request.code-refused': 'A code for that number was wrong, late or used up.',
  'recovery.request.code-not-sent': 'A limit kept such a code back.',
  'recovery.request.filed':
    'Somebody whom the civil registry confirms, and who has proved another number, asks for the account. The holder was warned.',
  'recovery.request.limited': 'Such a request was not taken: too many for this account today.',
  'recovery.request.refused':
    'Somebody whom the civil registry confirms asked for an account that is not given back this way: it is suspended, or an operator’s.',
  'recovery.request.notice-sent':
    'An SMS about a request was handed to the courier: a `warning` to the number of the account, or what came of it to that of the request.',
  'recovery.request.examined': 'A first officer has looked at who the person is, and is for it.',
  'recovery.request.approved': 'A second officer is for it too; the account is given when the wait is over.',
  'recovery.request.rejected': 'An officer is against it.',
  'recovery.request.cancelled':
    'The holder of the account objected, by the link of the `letter` or in their own `session`.',
  'recovery.request.completed':
    'The account got the number and the password of the request; its address has to be confirmed anew, and all sessions ended.',
  'recovery.request.lapsed':
    'Nothing came of a request: nobody decided in time, the account got another password or was suspended meanwhile, or another account has proved the number since.',
  'consent.given':
    'A person agreed that a service gets their data, or was told so by a page or by the list of connected services, in the text of that version.',
  'consent.declined': 'A person went back to the service rather than share what it asked for.',
  'consent.withdrawn': 'A person took back what a service may have; its grants and tokens ended.',
  'second-factor.enrolled': 'An authenticator app was enrolled as second factor of the account.',
  'second-factor.used': 'A code of the authenticator app was right.',
  'second-factor.refused':
    'A code of the second factor did not count: `wrong`, `used` before, or `limited`; the last also where new recovery codes or another app were wanted too often in a day.',
  'second-factor.recovery-code-used': 'A recovery code was used in the place of the app.',
  'second-factor.recovery-codes-renewed': 'Recovery codes were made anew; the old ones count no longer.',
  'second-factor.removed':
    'The second factor of the account was removed: by the `person`, or by an operator, who gave a reason.',
  'codes.allowed':
    'An operator let codes go again to a `number`, to those of one telephone operator, or to `all`: what was sent and not delivered today counts no more.',
  'contact.phone.code-sent':
    'The person asked for a code to their own number, or to another one that is to take its place.',
  'contact.phone.code-refused': 'A code for a number of an account was wrong, late or used up.',
  'contact.phone.code-not-sent': 'A limit kept back a code for a number of an account.',
  'contact.phone.proved':
    'The person proved their number again by a code, or another one, which `replaced` it; `moved`: it was on another account until then. By a `request`: the code was typed when that was filed.',
  'contact.phone.notice-sent':
    'An SMS that tells a number that it is no longer the account’s was handed to the courier.',
  'contact.email.link-sent':
    'The person asked for the link that confirms their address, or another one, which takes its place when the link is opened.',
  'contact.email.link-not-sent': 'A limit kept back such a link.',
  'contact.email.confirmed': 'An e-mail address was proved by its link; `replaced`: it took the place of another one.',
  'contact.email.lost': 'Somebody else proved possession of this account’s e-mail address.',
  'contact.email.notice-sent':
    'An SMS that tells the former holder of an e-mail address, or the number of an account to whose former address nobody could be written, was handed to the courier.',
  'contact.phone.lost': 'Somebody else proved possession of this account’s mobile number.',
  'account.created': 'An account was made without the registration journey.',
  'account.imported':
    'So many records of a former system were taken in together; their people have proved nothing here yet.',
  'account.former-recognised':
    'The password of a record of a former system was right; its person is led to prove who they are. The account identifier is the one that the account is going to have.',
  'account.former-joined':
    'A person of a former system has proved who they are: the account that was made has the former id, because the person knew the former `password`, or by the `nik`.',
  'account.former-linked':
    'An account that was here already got the former id that goes with its NIK, because an operator imported it so.',
  'account.suspended': 'An operator suspended the account.',
  'account.reinstated': 'An operator reinstated the account.',
  'account.sessions-ended': 'An operator ended all sessions of the account.',
  'account.activation-resent': 'An operator had the link that confirms the e-mail address sent again.',
  'account.searched': 'An operator or a machine looked for an account.',
  'account.revealed': 'An operator was shown one datum of a person in full.',
  'audit.exported': 'An operator took a copy of the audit log, or of what a filter left of it.',
  'audit.check-asked': 'An operator or a machine asked for the whole chain of the audit log to be checked.',
  'audit.checked':
    'The check of the chain that `by` had asked for came to its end: the chain is `whole` up to the link `position`, or the link there does not fit.',
  'audit.retired':
    'Events of before the day `until` (UTC) were removed, their time being over: so many, up to the link `position` of the chain, which is sealed there.',
  'operator.granted': 'An account was given a role in the console.',
  'operator.revoked': 'An account lost a role in the console.',
  'operator.limited':
    'An operator or a machine came to a limit: of searching, revealing, ending waits or storing logos.',
  'operator.refused': 'Somebody signed in asked for a page of the console that is not theirs.',
  'request.refused':
    'An operator, a machine, a team or a stranger was turned away before anybody looked at what they asked for: token, right, or a body that is too long or not of its schema.',
  'change.refused':
    'What an operator, a machine or a team wanted to change was against a rule: the `fields` at fault, lost to another editor, not to be decided yet.',
  'api.created': 'An API that takes access tokens was registered, to say `after`.',
  'api.updated':
    'What is known of an API changed: the members by what they said `before` and say `after`, of the scopes those that differ.',
  'api.disabled': 'An API was stopped: no token is issued for it.',
  'api.enabled': 'An API was started again.',
  'initial-token.made': 'A team was let register client applications by itself.',
  'initial-token.revoked':
    'A team may no longer register client applications by that token, nor manage those that it registered.',
  'client-draft.removed': 'A team took away a client application that was never approved.',
  'client.created': 'A client application was registered.',
  'client.updated': 'Metadata of a client application changed.',
  'client.disabled': 'A client application was stopped.',
  'client.enabled': 'A client application was started again.',
  'client.secret-rotated': 'A client application got a new secret; the one before goes on for `overlapSeconds`.',
  'client.secret-ended': 'A secret of a client application was ended at once.',
  'client.key-ended':
    'A key in the registration of a client application was taken away, or given an end after `afterSeconds`.',
  'client.proposed': 'A client application, or a change of one, waits for a second operator.',
  'client.approved': 'A second operator approved it, and it took effect.',
  'client.rejected': 'A second operator said no, and why.',
  'client.withdrawn': 'A proposal was taken back, or came to nothing.',
  'client.returned':
    'Somebody asked for an earlier version of a client application; where that widens access, `client.proposed` comes with it.',
  'client.check-waived': 'An administrator let a proposal pass without the integration check.',
  'client.review-refused': 'Somebody tried to decide on what they had a hand in.',
  'client.keys-refused':
    'The keys at the `jwks_uri` of a client application were not taken: its address leads inside, redirects or has no end, or a private key lies there. By the `protocol` once an hour.',
  'client.address-refused':
    'Another address in the registration of a client application was not taken, because it leads inside, redirects or has no end: `member` names it. By the `protocol` once an hour.',
  'client.check-started': 'An integration check of a client application was started.',
  'client.check-passed': 'A client application passed its integration check.',
  'client.check-link-made': 'A personal link to the integration check was made for the team of a client application.',
  'signing-key.made': 'A key for signing tokens was made and published, in most cases long before it signs.',
  'signing-key.promoted':
    'A key began to sign tokens, by `schedule` or by an `operator`; the `former` one signs no more and stays published.',
  'signing-key.withdrawn': 'A retired key is no longer published: all tokens that it signed have expired.',
  'signing-key.removed': 'An operator threw a key away; nothing signed by it is good any more.',
};
