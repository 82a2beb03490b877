import type { TestApp } from '../support/app.ts';
import { startGateway, type TestGateway } from './sms-gateway.ts';

export const SECRET = 'f00dfeedf00dfeedf00dfeed-Contoh';

/** A gateway that gives each message an id of its own, and can report of it. */
export interface ReportingGateway extends TestGateway {
  /** The newest message that went to this number: its id and our reference. */
  sentTo(phone: string): { readonly id: string; readonly ref: string; readonly text: string };
}

export async function startReportingGateway(): Promise<ReportingGateway> {
  const gateway = await startGateway();
  const sent: { to: string; id: string; ref: string; text: string }[] = [];
  gateway.answer = (request, response) => {
    const { to, ref, text } = JSON.parse(request.body) as { to: string; ref: string; text: string };
    const id = `GW${sent.length + 1}`;
    sent.push({ to, id, ref, text });
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ id }));
  };
  return Object.assign(gateway, {
    sentTo(phone: string) {
      const found = sent.findLast(({ to }) => to === phone.replace(/^0/, '62'));
      if (found === undefined) throw new Error('nothing was sent there');
      return found;
    },
  });
}

export interface ReportOptions {
  readonly secret?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Reports as a gateway would; a text is sent as it is. */
export const report = (
  { url }: Pick<TestApp, 'url'>,
  body: unknown,
  { secret = SECRET, method = 'POST', headers = {} }: ReportOptions = {},
): Promise<Response> =>
  fetch(`${url}/receipts/${secret}`, {
    method,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
