import { permissionsOf, type Permission, type Role } from '../domain/operator.ts';

/** The parts of the console, in the order of its navigation, each with the right that opens it. */
export const areas = {
  accounts: 'accounts.read',
  'recovery-requests': 'accounts.recover',
  clients: 'clients.read',
  apis: 'clients.read',
  reports: 'reports.read',
  audit: 'audit.read',
  operators: 'operators.read',
} as const satisfies Readonly<Record<string, Permission>>;
export type Area = keyof typeof areas;

/** What stands around every page of the console: where one can go, and who one is. */
export interface Frame {
  readonly nav: readonly { readonly area: Area; readonly href: string; readonly current: boolean }[];
  readonly operator: { readonly name: string; readonly roles: readonly Role[] };
  readonly signOut: string;
}

export const frameFor = (
  operator: { readonly name: string; readonly roles: readonly Role[] },
  permissions: ReadonlySet<Permission>,
  path: string,
  signOut: string,
): Frame => ({
  nav: (Object.keys(areas) as Area[])
    .filter((area) => permissions.has(areas[area]))
    .map((area) => ({
      area,
      href: `/admin/${area}`,
      current: path === `/admin/${area}` || path.startsWith(`/admin/${area}/`),
    })),
  operator,
  signOut,
});

/** For the gallery. */
export const exampleFrame = (area: Area | undefined, held: readonly Role[]): Frame =>
  frameFor({ name: 'Tigor Contoh Nainggolan', roles: held }, permissionsOf(held), `/admin/${area ?? ''}`, '#');
