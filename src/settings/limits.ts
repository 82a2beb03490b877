/** How often things may be tried: codes by SMS, and everything else that is counted. */
import { numbers, ranges, whole } from './kinds.ts';

export const otpSettings = {
  ttlSeconds: whole(300, 'Life of a code.', { min: 30, max: 600 }),
  triesPerCode: whole(5, 'Wrong tries that kill a code.', { min: 1 }),
  triesPerDay: whole(15, 'Wrong tries for one account or applicant in a day.', { min: 1 }),
  resendSeconds: numbers([60, 120, 300, 900], 'Waits before each further code.'),
  sendsPerNumber: whole(5, 'Codes to one number in a day.', { min: 1 }),
  sendsPerNik: whole(8, 'Codes for one NIK in a day.', { min: 1 }),
  undeliveredPerNumber: whole(
    3,
    'Codes to one number that the gateway reported as undelivered in a day, after which it gets no more; one that arrives begins anew.',
    { min: 1 },
  ),
  sendsPerPrefix: whole(300, 'Codes to numbers that differ only in the last four digits, an hour.', { min: 1 }),
  sendsPerDay: whole(500_000, 'Codes in all, a day.', { env: 'OTP_DAILY_BUDGET', min: 1 }),
  numberChanges: whole(3, 'Changes of number in one registration.'),
  phoneProofDays: whole(
    180,
    'Days after which a number that was not proved again cannot recover an account: numbers are sold again.',
    { min: 1 },
  ),
  emailLinkSeconds: whole(604_800, 'Life of the link that confirms an e-mail address.', { min: 60 }),
} as const;

export const limitsSettings = {
  trustedNetworks: ranges([], 'CIDR ranges exempt from the limits per network.', {
    env: 'LIMITS_TRUSTED_NETWORKS',
    example: '10.0.0.0/8,203.0.113.0/24',
  }),
  identityCallsPerNik: whole(
    20,
    'Identity checks for one NIK in a day, good ones included: each costs a call of the quota.',
    { min: 1 },
  ),
  identityPerNik: whole(5, 'Failed identity checks for one NIK in a day.', { min: 1 }),
  identityPerDevice: whole(10, 'Failed identity checks from one device in a day.', { min: 1 }),
  identityPerNetwork: whole(300, 'Failed identity checks from one network in an hour.', { min: 1 }),
  signInPerAccount: whole(10, 'Failed sign-ins that pause a password.', { min: 1 }),
  signInPauseSeconds: whole(900, 'How long the pause lasts.', { min: 1 }),
  signInDelaySeconds: numbers([1, 2, 4, 8, 16, 32, 60], 'Wait after each failed sign-in.'),
  signInPerDevice: whole(60, 'Failed sign-ins from one device in an hour.', { min: 1 }),
  signInPerNetwork: whole(1000, 'Failed sign-ins from one network in an hour.', { min: 1 }),
  codesPerNetwork: whole(500, 'Codes sent on behalf of one network in an hour.', { min: 1 }),
  userCodesPerDevice: whole(10, 'Codes of devices that nobody has, typed on one device in an hour.', { min: 1 }),
  userCodesPerNetwork: whole(300, 'Codes of devices that nobody has, typed in one network in an hour.', { min: 1 }),
  operatorSearches: whole(120, 'Searches for accounts by one operator or machine in an hour.', { min: 1 }),
  clientDrafts: whole(
    50,
    'Drafts of client applications by one operator, with their machines: those that wait for a decision and those of the last day.',
    { min: 1 },
  ),
  operatorReveals: whole(40, 'Data shown in full to one operator in a day.', { min: 1 }),
  operatorWaits: whole(20, 'Waits of a NIK or a number that one operator ends in a day.', { min: 1 }),
  waitsEnded: whole(
    1,
    'How often in a day the wait of one NIK may be ended, and by operators at the console that of one number.',
    { min: 1 },
  ),
  operatorLogos: whole(50, 'Logos kept on behalf of one operator, with their machines, in a day.', { min: 1 }),
  registrationsPerNetwork: whole(300, 'Requests to register or manage clients from one network in an hour.', {
    min: 1,
  }),
  bridgeSecretsPerNetwork: whole(
    300,
    'Wrong secrets of one client at the former interface, from one network in an hour.',
    { min: 1 },
  ),
  registrationChangesPerClient: whole(
    100,
    'Changes of one client by its team, at the registration endpoint, in a day.',
    { min: 1 },
  ),
  sandboxPerNetwork: whole(6000, 'Requests to the sandbox from one network in an hour.', { min: 1 }),
  checkStepsPerClient: whole(1000, 'Steps of the integration check of one client in a day.', { min: 1 }),
  secondFactorPerAccount: whole(5, 'Wrong codes of a second factor until the account must wait.', { min: 1 }),
  secondFactorPauseSeconds: whole(900, 'How long it waits.', { min: 1 }),
  secondFactorPerDay: whole(20, 'Wrong codes of the second factor of one account in a day.', { min: 1 }),
  secondFactorRenewals: whole(5, 'How often an account makes new recovery codes in a day.', { min: 1 }),
  secondFactorEnrolments: whole(5, 'How often an account sets up an authenticator app in a day.', { min: 1 }),
  contactNumbersPerAccount: whole(3, 'Other numbers that one account may send a code to in a day.', { min: 1 }),
  contactLettersPerAccount: whole(5, 'Links to confirm an address that one account may ask for in a day.', { min: 1 }),
  contactLettersPerAddress: whole(5, 'Such links to one address in a day, whichever accounts ask for them.', {
    min: 1,
  }),
  contactLettersPerNetwork: whole(300, 'Such links asked for in one network in an hour.', { min: 1 }),
  recoveryRequestsPerAccount: whole(
    3,
    'Requests for one account in a day by people who have lost number and address.',
    { min: 1 },
  ),
  recoveryPerDevice: whole(20, 'Recovery codes asked for from one device in an hour, sent or not.', { min: 1 }),
  recoveryPerNetwork: whole(500, 'Recovery codes asked for from one network in an hour, sent or not.', { min: 1 }),
} as const;
