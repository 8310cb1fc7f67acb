import { commonErrors, type ErrorCode, errors, ProblemBody, type Route, routes } from '@kit/contract'
import { z } from 'zod'

/**
 * The contract as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1.html), made from the table of routes: whatever is
 * added there is described here. Without `servers`, which depend on where it is asked for.
 *
 * @param cookieName the session cookie of this deployment
 */
export function openApiDocument(cookieName: string) {
  const paths: Record<string, Record<string, object>> = {}
  for (const [operation, route] of Object.entries(routes)) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: describe(operation, route) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Kit BFF',
      version: '1',
      description: 'TOTP enrolment, challenge and recovery for the page of one origin.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths,
    components: {
      schemas: { Problem: jsonSchema(ProblemBody, 'output') },
      securitySchemes: {
        host: {
          type: 'apiKey',
          in: 'cookie',
          name: 'session',
          description: "The host's own sign-in, whatever cookie or header it reads it from.",
        },
        mfa: {
          type: 'apiKey',
          in: 'cookie',
          name: cookieName,
          description: 'Set by the operations that change it. Sealed; absent before the first of them.',
        },
        csrf: {
          type: 'apiKey',
          in: 'header',
          name: 'x-csrf',
          description: 'csrfToken of MfaStatus.',
        },
      },
    },
  }
}

function describe(operation: string, route: Route) {
  const changes = route.method !== 'GET'
  const body = route.request && {
    required: !route.request.safeParse({}).success,
    content: { 'application/json': { schema: jsonSchema(route.request, 'input') } },
  }
  return {
    operationId: operation,
    security: route.identity
      ? [
          { host: [], ...(changes && { csrf: [] }) },
          { host: [], mfa: [], ...(changes && { csrf: [] }) },
        ]
      : [],
    ...(body && { requestBody: body }),
    responses: { ...successes(route), ...refusals(route) },
  }
}

function successes({ responses }: Route) {
  const described = Object.entries(responses).map(([status, schema]) => [
    status,
    schema === null
      ? { description: 'Done.' }
      : { description: 'Done.', content: { 'application/json': { schema: jsonSchema(schema, 'output') } } },
  ])
  return Object.fromEntries(described)
}

/** One entry a status, with every code that may come with it. */
function refusals({ errors: own }: Route) {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of new Set<ErrorCode>([...commonErrors, ...own])) {
    const { status } = errors[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const problem = { $ref: '#/components/schemas/Problem' }
  const described = [...byStatus].map(([status, codes]) => [
    status,
    {
      description: codes.map((code) => `${code}: ${errors[code].title}`).join(' '),
      ...(status === 429 || status === 503 ? { headers: { 'Retry-After': retryAfter } } : {}),
      content: {
        'application/problem+json': {
          schema: { allOf: [problem, { properties: { code: { enum: codes }, status: { const: status } } }] },
        },
      },
    },
  ])
  return Object.fromEntries(described)
}

const retryAfter = { description: 'Seconds.', schema: { type: 'integer', minimum: 1 } }

/** OpenAPI 3.1 schemas are JSON Schema 2020-12, which is what zod writes. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io })
  return rest
}
