import type { Config } from '../../config.ts';
import type { Limit } from './counters.ts';

const HOUR = 3600;
const DAY = 86_400;

export type Limits = ReturnType<typeof createLimits>;

/** Every limit of the product by name, with the numbers of the configuration. */
export function createLimits({ limits, otp }: Pick<Config, 'limits' | 'otp'>) {
  const limit = (name: string, points: number, windowSeconds: number): Limit => ({ name, points, windowSeconds });
  return {
    identity: {
      calls: limit('identity.calls', limits.identityCallsPerNik, DAY),
      nik: limit('identity.nik', limits.identityPerNik, DAY),
      device: limit('identity.device', limits.identityPerDevice, DAY),
      network: limit('identity.network', limits.identityPerNetwork, HOUR),
    },
    signIn: {
      account: limit('sign-in.account', limits.signInPerAccount, limits.signInPauseSeconds),
      knownDevice: limit('sign-in.known-device', limits.signInPerAccount, limits.signInPauseSeconds),
      /** Holds a key for the growing wait after a failure; its points are never used up by themselves. */
      delay: limit('sign-in.delay', 1000, HOUR),
      device: limit('sign-in.device', limits.signInPerDevice, HOUR),
      network: limit('sign-in.network', limits.signInPerNetwork, HOUR),
    },
    code: {
      number: limit('code.number', otp.sendsPerNumber, DAY),
      nik: limit('code.nik', otp.sendsPerNik, DAY),
      /** Codes that the gateway reports as undeliverable, by number. */
      undelivered: limit('code.undelivered', otp.undeliveredPerNumber, DAY),
      prefix: limit('code.prefix', otp.sendsPerPrefix, HOUR),
      network: limit('code.network', limits.codesPerNetwork, HOUR),
      day: limit('code.day', otp.sendsPerDay, DAY),
      tries: limit('code.tries', otp.triesPerDay, DAY),
    },
    /** Codes of devices that nobody has, by who types them. */
    userCode: {
      device: limit('user-code.device', limits.userCodesPerDevice, HOUR),
      network: limit('user-code.network', limits.userCodesPerNetwork, HOUR),
    },
    /** Wrong secrets at the former interface, for one client from one network. */
    bridge: { secrets: limit('bridge.secrets', limits.bridgeSecretsPerNetwork, HOUR) },
    /** Registering and managing clients, by whatever token. */
    registration: {
      network: limit('registration.network', limits.registrationsPerNetwork, HOUR),
      /** Each change leaves a version and an audit event behind. */
      client: limit('registration.client', limits.registrationChangesPerClient, DAY),
    },
    /** Everything at the sandbox but what is the same for everybody. */
    sandbox: {
      network: limit('sandbox.network', limits.sandboxPerNetwork, HOUR),
      /** Steps of the integration check of one client. */
      steps: limit('sandbox.steps', limits.checkStepsPerClient, DAY),
    },
    /** Counted on who asks, not on whom they ask about; of logos on the operator behind the machines. */
    operator: {
      search: limit('operator.search', limits.operatorSearches, HOUR),
      reveal: limit('operator.reveal', limits.operatorReveals, DAY),
      logos: limit('operator.logos', limits.operatorLogos, DAY),
      waits: limit('operator.waits', limits.operatorWaits, DAY),
    },
    /**
     * Counted on whose wait is ended, whoever ends it: nobody has a NIK tried on all day by calling one help desk after
     * the other.
     */
    wait: {
      nik: limit('wait.nik', limits.waitsEnded, DAY),
      number: limit('wait.number', limits.waitsEnded, DAY),
    },
    /** Wrong codes of an account's second factor: who gets here has proved the password. */
    secondFactor: {
      account: limit('second-factor.account', limits.secondFactorPerAccount, limits.secondFactorPauseSeconds),
      day: limit('second-factor.day', limits.secondFactorPerDay, DAY),
      /** Each of these writes to an address that may be a stranger's, and an event that stays. */
      renewals: limit('second-factor.renewals', limits.secondFactorRenewals, DAY),
      enrolments: limit('second-factor.enrolments', limits.secondFactorEnrolments, DAY),
    },
    /** Of an account that changes its contacts; codes are counted like any besides. */
    contact: {
      numbers: limit('contact.numbers', limits.contactNumbersPerAccount, DAY),
      letters: limit('contact.letters', limits.contactLettersPerAccount, DAY),
      address: limit('contact.address', limits.contactLettersPerAddress, DAY),
      network: limit('contact.network', limits.contactLettersPerNetwork, HOUR),
    },
    /**
     * Counted on what was typed and on who types: these alone are ever shown, and they do not know who has an account.
     */
    recovery: {
      asks: limit('recovery.asks', otp.sendsPerNumber, DAY),
      /**
       * Holds an identifier until it may be asked for again. Its one point is for the first of many who ask at one
       * moment: until that one has sent something, nothing is held.
       */
      pace: limit('recovery.pace', 1, Math.max(1, otp.resendSeconds[0] ?? 1)),
      tries: limit('recovery.tries', otp.triesPerDay, DAY),
      /** In the place of number and NIK, for a device that has signed in to the account before. */
      knownDevice: limit('recovery.known-device', otp.sendsPerNumber, DAY),
      device: limit('recovery.device', limits.recoveryPerDevice, HOUR),
      network: limit('recovery.network', limits.recoveryPerNetwork, HOUR),
      /** Each warns the holder of the account. */
      requests: limit('recovery.requests', limits.recoveryRequestsPerAccount, DAY),
    },
  };
}
