/** The calendar day that it is in the zone at that moment, as midnight UTC: people have birthdays where they live. */
export function dayIn(timeZone: string, now: Date): Date {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(now);
  return new Date(`${parts}T00:00:00Z`);
}
