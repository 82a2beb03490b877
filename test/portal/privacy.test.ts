import { expect } from 'chai';
import en from '../../config/locales/en.json' with { type: 'json' };
import id from '../../config/locales/id.json' with { type: 'json' };
import { examineMachine } from '../../src/cli/machine-check.ts';
import { loadConfig } from '../../src/config.ts';
import { noticed } from '../../src/domain/privacy-notice.ts';
import { settings } from '../../src/settings.ts';

const DAY = 86_400;

describe('The privacy notice', () => {
  const points = { id: id.portal.privacy.sections.retention.points, en: en.portal.privacy.sections.retention.points };

  /** What it says of each, in both languages, and what that is in the unit of the setting. */
  const said: readonly (readonly [name: string, id: RegExp, en: RegExp, is: number, kept: number])[] = [
    [
      'drafts',
      /^Pendaftaran yang belum selesai: 24 jam\.$/,
      /^Unfinished registration: 24 hours\.$/,
      noticed.draftSeconds,
      24 * 3600,
    ],
    [
      'devices',
      /^Penanda perangkat .*: 13 bulan /,
      /^Markers of known devices: 13 months /,
      noticed.deviceSeconds,
      395 * DAY,
    ],
    [
      'sign-ins and audit log',
      /^Catatan masuk dan catatan audit lain: 5 tahun,/,
      /^Sign-in records and other audit records: 5 years,/,
      noticed.auditMonths,
      60,
    ],
    [
      'identity checks',
      /^Bukti pencocokan .*: 5 tahun\.$/,
      /^Evidence of comparisons .*: 5 years\.$/,
      noticed.auditMonths,
      60,
    ],
    [
      'records of a former system',
      /^Data dari layanan sebelumnya .*: 2 tahun\.$/,
      /^Data of earlier services .*: 2 years\.$/,
      noticed.formerAccountDays,
      730,
    ],
    [
      'codes',
      /^Kode OTP: berlaku 5 menit\..* 24 jam\.$/,
      /^Codes: valid for 5 minutes\..* 24 hours at most\.$/,
      settings.otp.ttlSeconds.fallback,
      300,
    ],
  ];

  for (const [name, inId, inEn, is, kept] of said) {
    it(`says of ${name} how long they are kept, as they are`, () => {
      expect(points.id.filter((point) => inId.test(point))).to.have.length(1);
      expect(points.en.filter((point) => inEn.test(point))).to.have.length(1);
      expect(is).to.equal(kept);
    });
  }

  it('says what the settings do by default', () => {
    for (const [name, seconds] of Object.entries(noticed))
      expect(settings.lifetimes[name as keyof typeof noticed].fallback, name).to.equal(seconds);
  });

  it('promises nothing that nothing does: no account is removed, and no network address kept', () => {
    for (const { sections } of [id.portal.privacy, en.portal.privacy])
      expect(JSON.stringify(sections)).to.not.match(
        /1 tahun|1 year|Akun yang dihapus|Deleted account|alamat jaringan|network address/,
      );
  });

  it('is contradicted by no setting of production without a word of the doctor, neither shorter nor longer', async () => {
    const config = loadConfig({ NODE_ENV: 'test' }, { database: { url: 'postgres://localhost/none' } });
    const warned = async (lifetimes: object): Promise<string[]> =>
      (
        await examineMachine(
          { ...config, environment: 'production', lifetimes: { ...config.lifetimes, ...lifetimes } },
          64,
        )
      )
        .filter(({ check }) => check === 'retention')
        .map(({ what }) => what);
    expect(await warned({})).to.deep.equal([]);
    expect(await warned({ auditMonths: 12 })).to.deep.equal([
      'AUDIT_RETENTION_MONTHS=12, and the privacy notice says 60',
    ]);
    for (const lifetimes of [
      { auditMonths: 0 },
      { auditMonths: 120 },
      { formerAccountDays: 0 },
      { draftSeconds: 3600 },
      { deviceSeconds: 60 },
    ])
      expect(await warned(lifetimes), JSON.stringify(lifetimes)).to.have.length(1);
  });
});
