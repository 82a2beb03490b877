import type { Config } from '../config.ts';
import { fail, ok, warn, type Finding } from './finding.ts';
import { reach } from './reach.ts';
import { isReportAddressIdle } from '../ports/sms/receipt.ts';
import { BindRefused, probeSmpp, type SmppSettings } from '../ports/sms/smpp/session.ts';
import { STATUS } from '../ports/sms/smpp/status.ts';

/** How the gateway reports, as far as settings say; whether it does shows in the figures. */
function checkReceipts({ sms: { http, receipts }, http: { issuer } }: Pick<Config, 'sms' | 'http'>): Finding {
  const check = 'sms receipts';
  const { secret, networks, signatureHeader, method, states, refPath } = receipts;
  if (secret === undefined)
    return warn(
      check,
      'no gateway reports: nobody is told whether a code has arrived',
      'set SMS_RECEIPT_SECRET and give the provider ISSUER/receipts/<it> (docs/operasi/monitoring.md)',
    );
  if (!Object.values(states).includes('delivered'))
    return fail(check, 'no word of the gateway means that a message was delivered', 'name it in SMS_RECEIPT_STATES');
  const sends = [http.url ?? '', ...Object.values(http.headers), ...(http.method === 'GET' ? [] : [http.body])];
  if (refPath !== undefined && !sends.some((part) => part.includes('{ref}')))
    return fail(
      check,
      `the gateway should report by our {ref} (${refPath}), and is never told it`,
      'put {ref} into SMS_HTTP_BODY or SMS_HTTP_URL, or leave out SMS_RECEIPT_REF_PATH',
    );
  const former =
    receipts.formerSecret === undefined
      ? ''
      : ', and at the address before it: take SMS_RECEIPT_FORMER_SECRET away once the log no longer says that anybody reports there';
  const guards = [
    ...(networks.length > 0 ? [`from ${networks.join(', ')}`] : []),
    ...(signatureHeader === undefined ? [] : [`signed in ${signatureHeader}`]),
  ];
  return ok(
    check,
    `taken by ${method} at ${issuer}/receipts/<SMS_RECEIPT_SECRET>, ${guards.length === 0 ? 'guarded by that secret alone' : guards.join(', ')}${former}`,
  );
}

/** Binds as an instance does, for a moment. */
async function checkSmpp(settings: SmppSettings): Promise<Finding> {
  const check = 'sms';
  const { hostname, port } = new URL(settings.url ?? '');
  const where = port === '' ? hostname : `${hostname}:${port}`;
  try {
    await probeSmpp(settings);
    return ok(check, `${where} lets ${settings.systemId ?? ''} in`);
  } catch (error) {
    if (!(error instanceof BindRefused))
      return fail(
        check,
        `${where} cannot be spoken to: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`,
        'see whether SMS_SMPP_URL and SMS_SMPP_CA are right, the centre is up, and it lets this address through',
      );
    if (error.status === STATUS.alreadyBound)
      return warn(
        check,
        `${where}: ${error.message}`,
        'where instances run, each has a session: ask the operator for one more than there are instances',
      );
    return fail(
      check,
      `${where} does not let ${settings.systemId ?? ''} in: ${error.message}`,
      'see SMS_SMPP_SYSTEM_ID and SMS_SMPP_PASSWORD, and whether the operator has this address on its list',
    );
  }
}

/** Whether text messages can leave, and whether somebody says what became of them. Nothing is sent. */
export async function examineSms(config: Pick<Config, 'sms' | 'http'>): Promise<readonly Finding[]> {
  const { sms } = config;
  const idle = isReportAddressIdle(sms)
    ? [
        warn(
          'sms receipts',
          `SMS_RECEIPT_SECRET is set, and with SMS_DRIVER=${sms.driver} there is no such address: whoever reports there is answered 404`,
          sms.driver === 'smpp'
            ? 'remove SMS_RECEIPT_…: by SMPP receipts come over the line itself'
            : 'set SMS_DRIVER=http',
        ),
      ]
    : [];
  if (sms.driver === 'smpp') return [await checkSmpp(sms.smpp), ...idle];
  if (sms.driver === 'outbox' || sms.http.url === undefined)
    return [
      ...idle,
      warn(
        'sms',
        'outbox: nothing is sent',
        'before production: set SMS_DRIVER=http and SMS_HTTP_URL, or SMS_DRIVER=smpp and SMS_SMPP_URL',
      ),
    ];
  const url = new URL(sms.http.url);
  return [await reach('sms', url, url.protocol === 'https:' ? 443 : 80, sms.http.timeoutMs), checkReceipts(config)];
}
