import { z } from 'zod';
import { Problem } from '../../web/problem.ts';
import { apiRoute, type ApiRoute } from '../api-route.ts';
import { reports } from './questions.ts';
import type { ReportService } from './service.ts';

const count = z.object({
  period: z.string(),
  kind: z.string(),
  per: z.string().nullable(),
  count: z.int(),
  former: z.literal(true).optional(),
});

export const reportRoutes = ({ service }: { service: ReportService }): ApiRoute[] => [
  apiRoute({
    method: 'get',
    path: '/reports/{report}',
    summary:
      'Counts by day, or by month for the registry: activity per service, failures per reason, questions to the registry per outcome, SMS per operator, logout notices per outcome and service. `former`: counted in another way than today (another zone, other events) when the log still reached back there.',
    scope: 'admin:reports:read',
    params: z.strictObject({ report: z.enum(reports) }),
    query: z.strictObject({ from: z.iso.date(), to: z.iso.date() }),
    answer: z.object({ counts: z.array(count) }),
    async handle({ params: { report }, query: { from, to } }) {
      const made = await service.make(report, from, to);
      if (!made.ok)
        throw new Problem(422, made.refusal, 'The stretch of days is not acceptable: forwards, and a year at most.', {
          fields: [{ field: 'query.to', what: made.refusal }],
        });
      return { counts: [...made.value] };
    },
  }),
];
