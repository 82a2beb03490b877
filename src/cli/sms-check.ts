import type { Config } from '../config.ts';
import { fail, ok, warn, type Finding } from './finding.ts';
import { reach } from './reach.ts';

/** How the gateway reports, as far as settings say; whether it does shows in the figures. */
function checkReceipts({ sms: { receipts }, http: { issuer } }: Pick<Config, 'sms' | 'http'>): Finding {
  const check = 'sms receipts';
  const { secret, networks, signatureHeader, method, states } = receipts;
  if (secret === undefined) return warn(check, 'no gateway reports: nobody is told whether a code has arrived', 'set SMS_RECEIPT_SECRET and give the provider ISSUER/receipts/<it> (docs/operasi/monitoring.md)');
  if (!Object.values(states).includes('delivered')) return fail(check, 'no word of the gateway means that a message was delivered', 'name it in SMS_RECEIPT_STATES');
  const guards = [...(networks.length > 0 ? [`from ${networks.join(', ')}`] : []), ...(signatureHeader === undefined ? [] : [`signed in ${signatureHeader}`])];
  return ok(check, `taken by ${method} at ${issuer}/receipts/<SMS_RECEIPT_SECRET>, ${guards.length === 0 ? 'guarded by that secret alone' : guards.join(', ')}`);
}

/** Whether text messages can leave, and whether somebody says what became of them. Nothing is sent. */
export async function examineSms(config: Pick<Config, 'sms' | 'http'>): Promise<readonly Finding[]> {
  const { sms } = config;
  if (sms.driver === 'outbox' || sms.http.url === undefined) return [warn('sms', 'outbox: nothing is sent', 'before production: set SMS_DRIVER=http and SMS_HTTP_URL')];
  const url = new URL(sms.http.url);
  return [await reach('sms', url, url.protocol === 'https:' ? 443 : 80, sms.http.timeoutMs), checkReceipts(config)];
}
