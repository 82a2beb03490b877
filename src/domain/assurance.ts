/** The level of assurance of a sign-in (`acr`): what was proved, not how often. */
export const acr = { password: 'urn:siapkerja:acr:password', passwordAndPhone: 'urn:siapkerja:acr:password-phone' } as const;
