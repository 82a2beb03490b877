import { say, type Examples, type Screen } from '../../web/screen.ts';

export interface LinkModel {
  /**
   * `ask` shows the button: a mail scanner that opens the link must not cancel anything. `nothing` is whatever there is
   * nothing to cancel of: a link that is forged, used, too late or of a suspended account reads alike.
   */
  readonly state: 'ask' | 'cancelled' | 'nothing';
  readonly request: ShownRequest | undefined;
}

interface ShownRequest {
  readonly number: string;
  readonly filedAt: Date;
  readonly waitsUntil: Date;
  /** Whether the time that the letter names is over; it can be cancelled all the same. */
  readonly late: boolean;
}

export interface OpenModel {
  readonly requests: readonly ShownRequest[];
  /** All that there were have just been cancelled. */
  readonly cancelled: boolean;
}

export const linkScreen = (model: LinkModel): Screen<LinkModel> => ({
  view: 'account/recovery-request/link',
  title: say(`account.recovery-request.link.${model.state}.title`),
  model,
});
export const openScreen = (model: OpenModel): Screen<OpenModel> => ({
  view: 'account/recovery-request/open',
  title: say('account.recovery-request.open.title'),
  model,
});

const request: ShownRequest = {
  number: 'K7Q2-M9',
  filedAt: new Date('2026-11-23T03:20:00Z'),
  waitsUntil: new Date('2026-11-24T03:20:00Z'),
  late: false,
};

export const examples: Examples = {
  'cancel?': linkScreen({ state: 'ask', request }),
  'cancel late?': linkScreen({ state: 'ask', request: { ...request, late: true } }),
  cancelled: linkScreen({ state: 'cancelled', request }),
  'nothing to cancel': linkScreen({ state: 'nothing', request: undefined }),
  'open requests': openScreen({
    requests: [
      request,
      {
        number: 'W4HT-8C',
        filedAt: new Date('2026-11-23T05:02:00Z'),
        waitsUntil: new Date('2026-11-24T05:02:00Z'),
        late: false,
      },
    ],
    cancelled: false,
  }),
  'open requests: none': openScreen({ requests: [], cancelled: false }),
  'open requests: all cancelled': openScreen({ requests: [], cancelled: true }),
};
