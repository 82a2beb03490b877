import { z } from 'zod';
import { adminScopes } from '../domain/admin-scope.ts';
import { isFile, isRaw, type ApiRoute } from './api-route.ts';

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  help_code: z.string(),
  errors: z.array(z.object({ field: z.string(), what: z.string() })).optional(),
});

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
};

function parametersOf(place: 'path' | 'query', schema: z.ZodObject | undefined): object[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, object>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, member]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: member,
  }));
}

/** Of bytes a schema has nothing to say (OpenAPI 3.1, 4.8.14.3). */
const requestBodyOf = (body: NonNullable<ApiRoute['body']>): object =>
  isRaw(body)
    ? {
        required: true,
        description: `${body.description} At most ${body.limitBytes} bytes.`,
        content: Object.fromEntries(body.types.map((type) => [type, {}])),
      }
    : { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } };

const contentOf = (answer: ApiRoute['answer']): object =>
  isFile(answer)
    ? Object.fromEntries(answer.fileTypes.map((type) => [type, {}]))
    : { 'application/json': { schema: schemaOf(answer, 'output') } };

const refusals: Readonly<Record<string, string>> = {
  400: 'The request cannot be read.',
  401: 'No token, or one that is unknown, expired or of another kind.',
  403: 'The token lacks the scope.',
  404: 'There is no such thing.',
  409: 'The state of things does not allow it.',
  413: 'The body is too large.',
  415: 'The body is of another kind.',
  422: 'A member is unknown or of a wrong type or value.',
  429: 'A limit is reached.',
};

/** The OpenAPI 3.1 document of the routes, from the very schemas that validate. */
export function createOpenApi(routes: readonly ApiRoute[], issuer: string): Record<string, unknown> {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, summary, scope, params, query, body, answer } of routes) {
    (paths[path] ??= {})[method] = {
      operationId: `${method}${path.replaceAll(/[^a-z]+([a-z]?)/gi, (_, letter: string) => letter.toUpperCase())}`,
      summary,
      security: [{ machine: [scope] }],
      parameters: [...parametersOf('path', params), ...parametersOf('query', query)],
      ...(body === undefined ? {} : { requestBody: requestBodyOf(body) }),
      responses: {
        200: { description: 'Done.', content: contentOf(answer) },
        ...Object.fromEntries(
          Object.keys(refusals).map((status) => [status, { $ref: `#/components/responses/${status}` }]),
        ),
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'SIAPkerja SSO: operators’ API',
      version: '1',
      description:
        'Protected by access tokens of machine clients (client credentials). The same services stand behind the console at /admin.',
    },
    servers: [{ url: `${issuer}/api/admin/v1` }],
    paths,
    components: {
      schemas: { Problem: schemaOf(problem, 'output') },
      responses: Object.fromEntries(
        Object.entries(refusals).map(([status, description]) => [
          status,
          {
            description,
            content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
        ]),
      ),
      securitySchemes: {
        machine: {
          type: 'oauth2',
          flows: {
            clientCredentials: {
              tokenUrl: `${issuer}/token`,
              scopes: Object.fromEntries(
                adminScopes.map((scope) => [scope, scope.replace('admin:', '').replace(':', ', ')]),
              ),
            },
          },
        },
      },
    },
  };
}
