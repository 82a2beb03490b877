/** The level of assurance of a sign-in (`acr`): what was proved, not how often. */
export const acr = {
  password: 'urn:siapkerja:acr:password',
  passwordAndPhone: 'urn:siapkerja:acr:password-phone',
  twoFactor: 'urn:siapkerja:acr:two-factor',
} as const;

export type Acr = (typeof acr)[keyof typeof acr];

/**
 * From weak to strong. A code by SMS at registration or recovery proves the number once; the second factor was enrolled
 * beforehand and cannot be taken over with the number.
 */
const ladder: readonly Acr[] = [acr.password, acr.passwordAndPhone, acr.twoFactor];

const isAcr = (value: unknown): value is Acr => ladder.includes(value as Acr);

/**
 * Whether a sign-in of one level is good enough where another is asked for. A level unknown here satisfies nothing but
 * itself.
 */
export const satisfies = (have: string | undefined, wanted: string): boolean =>
  have === wanted || (isAcr(have) && isAcr(wanted) && ladder.indexOf(have) >= ladder.indexOf(wanted));

/** What a request asks of the level of the sign-in. */
export interface AcrDemand {
  /** Any of them will do. */
  readonly levels: readonly string[];
  /** Without one of them the sign-in has failed (OpenID Connect Core, 5.5.1.1); otherwise it is a wish. */
  readonly essential: boolean;
}

/**
 * Reads `claims.id_token.acr` and `acr_values`. Which of the two counts where both are sent is left open by the
 * standard; here it is the stricter, so that adding a parameter takes nothing away.
 */
export function acrDemandOf({ claims, acr_values: values }: Readonly<Record<string, unknown>>): AcrDemand | undefined {
  const wish = typeof values === 'string' ? values.split(' ').filter((value) => value !== '') : [];
  const asked = acrClaimOf(claims);
  if (asked?.essential === true) return asked;
  const levels = [...(asked?.levels ?? []), ...wish];
  return levels.length === 0 ? undefined : { levels, essential: false };
}

function acrClaimOf(claims: unknown): AcrDemand | undefined {
  let parsed: unknown;
  try {
    parsed = typeof claims === 'string' ? JSON.parse(claims) : claims;
  } catch {
    return undefined;
  }
  const asked = (
    parsed as
      | { id_token?: { acr?: { essential?: unknown; value?: unknown; values?: unknown } | null } | null }
      | null
      | undefined
  )?.id_token?.acr;
  if (typeof asked !== 'object' || asked === null) return undefined;
  const levels = [asked.value, ...(Array.isArray(asked.values) ? (asked.values as unknown[]) : [])].filter(
    (value) => typeof value === 'string',
  );
  return levels.length === 0 ? undefined : { levels, essential: asked.essential === true };
}

export const meets = (have: string | undefined, { levels }: AcrDemand): boolean =>
  levels.some((wanted) => satisfies(have, wanted));

/** Whether the demand is missed now and would be met with a second factor. */
export const wantsSecondFactor = (have: string | undefined, demand: AcrDemand | undefined): boolean =>
  demand !== undefined && !meets(have, demand) && meets(acr.twoFactor, demand);
