/**
 * How long data are kept, as the privacy notice says it in both languages (`portal.privacy`, "retention"). The settings
 * say by default the same, and `sso doctor` warns where they say something else: whoever changes one changes the
 * notice.
 */
export const noticed = {
  draftSeconds: 24 * 3600,
  /** Thirteen months. */
  deviceSeconds: 395 * 86_400,
  auditMonths: 5 * 12,
  formerAccountDays: 2 * 365,
} as const;
