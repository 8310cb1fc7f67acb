import { commonErrors, errors, type Route, routes } from '@kit/contract'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, it } from 'vitest'
import { openApiDocument } from './openapi.js'

const document = openApiDocument('__Host-Http-kit')
const operationOf = ({ path, method }: Route) =>
  document.paths[path]?.[method.toLowerCase()] as {
    operationId: string
    security: object[]
    requestBody?: { required: boolean; content: Record<string, { schema: object }> }
    responses: Record<
      string,
      {
        description: string
        content?: Record<string, { schema: { allOf?: { properties?: { code: { enum: string[] } } }[] } }>
      }
    >
  }

it('is valid OpenAPI 3.1, by a validator that nobody here wrote', async () => {
  const validator = new Validator()
  const result = await validator.validate(structuredClone(document))
  expect(result).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
})

it('fails where the document is not valid', async () => {
  const { info, ...rest } = document
  expect((await new Validator().validate({ ...rest })).valid).toBe(false)
  expect(info.title).toBeTruthy()
})

it.each(Object.entries<Route>(routes))(
  'describes %s with its answers and every refusal',
  (operation, route) => {
    const described = operationOf(route)
    expect(described.operationId).toBe(operation)
    expect(Object.keys(described.responses)).toEqual(expect.arrayContaining(Object.keys(route.responses)))
    for (const code of [...commonErrors, ...route.errors]) {
      const answer = described.responses[errors[code].status]
      const codes = answer?.content?.['application/problem+json']?.schema.allOf?.[1]?.properties?.code.enum
      expect(codes, code).toContain(code)
    }
    expect(described.security.length > 0).toBe(route.identity)
    const asksForToken = described.security.some((one) => 'csrf' in one)
    expect(asksForToken).toBe(route.method !== 'GET' && route.identity)
    expect(Boolean(described.requestBody)).toBe(route.request !== null)
  },
)

it('needs a body only where a field is required, and says how a code looks', () => {
  expect(operationOf(routes.create).requestBody?.required).toBe(false)
  expect(operationOf(routes.authenticate).requestBody).toMatchObject({
    required: true,
    content: {
      'application/json': {
        schema: {
          required: ['code'],
          additionalProperties: false,
          properties: { code: { pattern: '^[0-9]{6,8}$' } },
        },
      },
    },
  })
})

it('sets no end to Retry-After: a lock lasts up to a day', () => {
  const { headers } = operationOf(routes.authenticate).responses[429] as { headers?: object }
  expect(headers).toEqual({
    'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 1 } },
  })
})
