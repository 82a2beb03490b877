import { showRecoveryCode, type RecoveryCode } from '../../domain/recovery-code.ts';
import { say, type Examples, type Screen, type Sentence } from '../../web/screen.ts';

export interface SecurityModel {
  /** Undefined while there is no second factor. */
  readonly standing:
    { readonly enrolledAt: Date; readonly lastUsedAt: Date; readonly recoveryCodesLeft: number } | undefined;
  readonly changed: Sentence | undefined;
  readonly links: { readonly enrol: string; readonly recoveryCodes: string; readonly remove: string };
}

export interface RemoveModel {
  readonly links: { readonly back: string };
}

export interface NewRecoveryCodesModel extends RemoveModel {
  /** Shown once, in the answer that made them. */
  readonly newCodes: readonly string[] | undefined;
  readonly problem: Sentence | undefined;
}

export const securityScreen = (model: SecurityModel): Screen<SecurityModel> => ({
  view: 'account/security/overview',
  title: say('account.security.title'),
  model,
});
export const removeScreen = (model: RemoveModel): Screen<RemoveModel> => ({
  view: 'account/security/remove',
  title: say('account.security.remove.title'),
  model,
});
export const newRecoveryCodesScreen = ({
  codes,
  problem,
  links,
}: RemoveModel & {
  readonly codes?: readonly RecoveryCode[];
  readonly problem?: Sentence;
}): Screen<NewRecoveryCodesModel> => ({
  view: 'account/security/recovery-codes',
  title: say(codes === undefined ? 'account.security.recovery-codes.title' : 'second-factor.codes.title'),
  model: { newCodes: codes?.map(showRecoveryCode), problem, links },
});

const overview: SecurityModel = {
  standing: undefined,
  changed: undefined,
  links: { enrol: '#', recoveryCodes: '#', remove: '#' },
};
const standing = {
  enrolledAt: new Date('2026-11-02T03:20:00Z'),
  lastUsedAt: new Date('2026-11-23T06:40:00Z'),
  recoveryCodesLeft: 9,
};
const links = { back: '#' };

export const examples: Examples = {
  'no second factor': securityScreen(overview),
  'just removed': securityScreen({ ...overview, changed: say('account.security.changed.removed') }),
  'second factor on': securityScreen({ ...overview, standing }),
  'few recovery codes': securityScreen({ ...overview, standing: { ...standing, recoveryCodesLeft: 2 } }),
  'remove?': removeScreen({ links }),
  'new recovery codes?': newRecoveryCodesScreen({ links }),
  'new recovery codes: too often today': newRecoveryCodesScreen({
    links,
    problem: say('account.security.recovery-codes.limited', { until: new Date('2026-11-24T02:10:00Z') }),
  }),
  'new recovery codes, shown once': newRecoveryCodesScreen({
    links,
    codes: [
      '7K2QM9XTRB',
      '0ZC4VHN81D',
      'QW3E5RT6YA',
      'M2N4B6V8C0',
      'P9J7H5G3F1',
      'XK2V4M6R8T',
      '1A3S5D7F9G',
      'ZQ8W6E4R2T',
      'H0J2K4M6N8',
      'C5V7B9N1Q3',
    ] as readonly string[] as readonly RecoveryCode[],
  }),
};
