import { type EndpointName, endpoints } from '@kit/totp-client/wire'
import { afterEach, expect, test } from 'vitest'
import { openSqlite } from '../src/index.js'
import {
  type Answer,
  basic,
  codeOf,
  createServer,
  createWorld,
  enrol,
  enrolMember,
  makeMember,
  projectId,
  secret,
  uniqueName,
  type World,
  worldOver,
} from './world.js'

/** A request with an id or token of somebody else, and the error type of its answer. */
type Case = [EndpointName, Record<string, string>, string]

const otherId = 'project-live-33333333-3333-4333-8333-333333333333'
/** What no foreign id or token can be given to. */
const takesNone: EndpointName[] = ['users.create', 'b2b.organizations.create', 'kit.capabilities']

let one: World
afterEach(() => one.close())

/** Asks an endpoint; fields that its path has no place for go where its method has one. */
function ask(world: World, name: EndpointName, input: Record<string, string>): Promise<Answer> {
  const { method, path } = endpoints[name]
  const { onBehalfOf, ...rest } = input
  const filled = path.replace(/\{(\w+)\}/g, (_, field) => {
    const value = rest[field] ?? ''
    delete rest[field]
    return value
  })
  const headers = onBehalfOf === undefined ? {} : { 'x-stytch-member-session': onBehalfOf }
  if (method === 'POST') return world.call(method, filled, rest, headers)
  return world.call(method, `${filled}?${new URLSearchParams(rest)}`, undefined, headers)
}

/** A user, a member and a colleague of theirs, with everything that could be theirs. */
async function makePeople(world: World) {
  const user = await enrol(world)
  const external = { slug: uniqueName('slug'), organization: uniqueName('org'), member: uniqueName('grace') }
  const member = await enrolMember(world, {
    organization_slug: external.slug,
    organization_external_id: external.organization,
  })
  const { organization_id, member_id } = member
  const { body: colleague } = await world.post(`/v1/b2b/organizations/${organization_id}/members`, {
    email_address: `${uniqueName('bob')}@example.com`,
    external_id: external.member,
  })
  const session = (await world.post('/v1/kit/sessions', { user_id: user.user_id })).body
  const memberSession = (await world.post('/v1/kit/sessions', { organization_id, member_id })).body
  const { body } = await world.post('/v1/kit/intermediate_sessions', { organization_id, member_id })
  return {
    user,
    member,
    external,
    colleague: { organization_id, member_id: colleague.member_id as string },
    token: session.session_token as string,
    jwt: session.session_jwt as string,
    sessionId: session.session.session_id as string,
    memberToken: memberSession.session_token as string,
    memberJwt: memberSession.session_jwt as string,
    memberSessionId: memberSession.member_session.member_session_id as string,
    intermediate: body.intermediate_session_token as string,
  }
}
type People = Awaited<ReturnType<typeof makePeople>>

const withUser = (user_id: string, errorType: string): Case[] => [
  ['totps.create', { user_id }, errorType],
  ['totps.authenticate', { user_id, totp_code: '123456' }, errorType],
  ['totps.recover', { user_id, recovery_code: '0000-0000-0000-0000' }, errorType],
  ['totps.recoveryCodes', { user_id }, errorType],
  ['users.get', { user_id }, errorType],
  ['kit.rotateRecoveryCodes', { user_id }, errorType],
  ['kit.createSession', { user_id }, errorType],
]

const withMember = (organization_id: string, member_id: string, errorType: string): Case[] => {
  const ids = { organization_id, member_id }
  return [
    ['b2b.totps.create', ids, errorType],
    ['b2b.totps.authenticate', { ...ids, code: '123456' }, errorType],
    ['b2b.totps.migrate', { ...ids, secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' }, errorType],
    ['b2b.recoveryCodes.get', ids, errorType],
    ['b2b.recoveryCodes.rotate', ids, errorType],
    ['b2b.recoveryCodes.recover', { ...ids, recovery_code: '0000-0000-0000-0000' }, errorType],
    ['b2b.members.get', ids, errorType],
    ['b2b.members.deleteTotp', ids, errorType],
    ['kit.createSession', ids, errorType],
    ['kit.createIntermediateSession', ids, errorType],
  ]
}

/** Every endpoint that takes a proof, by somebody whose proof it is not. */
const withProof = (
  { user_id }: { user_id: string },
  { organization_id, member_id }: { organization_id: string; member_id: string },
  of: 'user' | 'member',
  proof: Record<string, string>,
  errorType: string,
): Case[] => {
  const ids = { organization_id, member_id }
  if (of === 'user') {
    return [
      ['totps.authenticate', { user_id, totp_code: '123456', ...proof }, errorType],
      ['totps.recover', { user_id, recovery_code: '0000-0000-0000-0000', ...proof }, errorType],
    ]
  }
  return [
    ['b2b.totps.create', { ...ids, ...proof }, errorType],
    ['b2b.totps.authenticate', { ...ids, code: '123456', ...proof }, errorType],
    ['b2b.recoveryCodes.recover', { ...ids, recovery_code: '0000-0000-0000-0000', ...proof }, errorType],
  ]
}

async function expectRefusals(world: World, cases: Case[]): Promise<void> {
  for (const [name, input, errorType] of cases) {
    const { body } = await ask(world, name, input)
    expect([name, input, body.error_type]).toEqual([name, input, errorType])
  }
}

/** As much of people as somebody else could have changed. */
async function stateOf(world: World, { user, member }: People) {
  const { request_id: _, ...state } = (await ask(world, 'users.get', { user_id: user.user_id })).body
  const ids = { organization_id: member.organization_id, member_id: member.member_id }
  const codes = [
    (await ask(world, 'totps.recoveryCodes', { user_id: user.user_id })).body.totps,
    (await ask(world, 'b2b.recoveryCodes.get', ids)).body.recovery_codes,
  ]
  return { state, member: (await ask(world, 'b2b.members.get', ids)).body.member, codes }
}

/** Sessions, the intermediate one too, and codes: whatever others asked for, they are as good as before. */
async function expectUntouched(world: World, { user, member, ...people }: People): Promise<void> {
  const { organization_id, member_id } = member
  const nowMs = world.clock.nowMs
  const used = [
    await ask(world, 'sessions.authenticate', { session_token: people.token }),
    await ask(world, 'b2b.sessions.authenticate', { session_token: people.memberToken }),
    await ask(world, 'totps.authenticate', { user_id: user.user_id, totp_code: codeOf(user.secret, nowMs) }),
    await ask(world, 'b2b.totps.authenticate', {
      organization_id,
      member_id,
      code: codeOf(member.secret, nowMs),
      intermediate_session_token: people.intermediate,
    }),
  ]
  expect(used.map(({ status }) => status)).toEqual([200, 200, 200, 200])
}

test('T96, T42: to another project on the same database no id, name or token of the first means anything', async () => {
  const store = await openSqlite({ dataDir: ':memory:' })
  one = createWorld(store)
  const other = createServer(store, one.clock, { projectId: otherId })
  const headers = { authorization: basic(otherId, secret) }
  const there = worldOver(one.clock, other.fetch, other.close)
  const call: World['call'] = (method, path, body, more) =>
    there.call(method, path, body, { ...headers, ...more })
  const two: World = {
    ...there,
    call,
    post: (path, body) => call('POST', path, body),
    get: (path) => call('GET', path),
  }
  const theirs = await makePeople(one)
  const mine = await makePeople(two)
  const { user, member, external } = theirs
  const before = await stateOf(one, theirs)
  const externalUser = (await ask(one, 'users.get', { user_id: user.user_id })).body.external_id

  const cases: Case[] = [
    ...withUser(user.user_id, 'user_not_found'),
    ...withUser(externalUser, 'user_not_found'),
    ...[member.organization_id, external.slug, external.organization].flatMap((organization_id): Case[] => [
      ...withMember(organization_id, member.member_id, 'organization_not_found'),
      ...withMember(organization_id, external.member, 'organization_not_found'),
      ['b2b.organizations.get', { organization_id }, 'organization_not_found'],
      ['b2b.members.create', { organization_id, email_address: 'eve@example.com' }, 'organization_not_found'],
    ]),
    ...withMember(mine.member.organization_id, member.member_id, 'member_not_found'),
    ...withMember(mine.member.organization_id, external.member, 'member_not_found'),
    ['users.deleteTotp', { totp_id: user.totp_id }, 'totp_not_found'],
    ['users.deleteTotp', { totp_id: member.totp_registration_id }, 'totp_not_found'],
    ...(['sessions.authenticate', 'sessions.revoke'] as const).flatMap((name): Case[] => [
      [name, { session_token: theirs.token }, 'session_not_found'],
      [name, { session_jwt: theirs.jwt }, 'jwt_invalid_claims'],
    ]),
    ...(['b2b.sessions.authenticate', 'b2b.sessions.revoke'] as const).flatMap((name): Case[] => [
      [name, { session_token: theirs.memberToken }, 'session_not_found'],
      [name, { session_jwt: theirs.memberJwt }, 'jwt_invalid_claims'],
    ]),
    ['sessions.revoke', { session_id: theirs.sessionId }, 'session_not_found'],
    ['b2b.sessions.revoke', { member_session_id: theirs.memberSessionId }, 'session_not_found'],
    ['b2b.sessions.revoke', { member_id: member.member_id }, 'member_not_found'],
    ['b2b.sessions.revoke', { member_id: external.member }, 'member_not_found'],
    ...withProof(mine.user, mine.member, 'user', { session_token: theirs.token }, 'session_not_found'),
    ...withProof(mine.user, mine.member, 'user', { session_jwt: theirs.jwt }, 'jwt_invalid_claims'),
    ...withProof(
      mine.user,
      mine.member,
      'member',
      { session_token: theirs.memberToken },
      'session_not_found',
    ),
    ...withProof(mine.user, mine.member, 'member', { session_jwt: theirs.memberJwt }, 'jwt_invalid_claims'),
    ...withProof(
      mine.user,
      mine.member,
      'member',
      { intermediate_session_token: theirs.intermediate },
      'intermediate_session_not_found',
    ),
    ['b2b.members.deleteTotp', { ...mine.colleague, onBehalfOf: theirs.memberToken }, 'session_not_found'],
    ['sessions.jwks', { project_id: projectId }, 'project_not_found'],
    ['b2b.sessions.jwks', { project_id: projectId }, 'project_not_found'],
  ]
  const asked = cases.map(([name]) => name)
  expect(new Set([...asked, ...takesNone])).toEqual(new Set(Object.keys(endpoints)))
  await expectRefusals(two, cases)

  expect(await stateOf(one, theirs)).toEqual(before)
  await expectUntouched(one, theirs)
  const { user_id, request_id } = (await ask(two, 'totps.recoveryCodes', { user_id: mine.user.user_id })).body
  expect([user_id, request_id]).toEqual([
    expect.stringMatching(/^user-live-/),
    expect.stringMatching(/^request-id-live-/),
  ])
})

test('T42: nobody reaches what is of somebody else in the same project', async () => {
  one = createWorld(await openSqlite({ dataDir: ':memory:' }))
  const theirs = await makePeople(one)
  const mine = await makePeople(one)
  const { user, member, colleague } = theirs
  const before = await stateOf(one, theirs)
  const elsewhere = mine.member.organization_id
  const proofs = (of: 'user' | 'member', proof: Record<string, string>, errorType: string) =>
    withProof(mine.user, mine.member, of, proof, errorType)
  const byColleague = (proof: Record<string, string>) =>
    withProof(user, colleague, 'member', proof, 'member_session_member_id_mismatch')
  const stranger = await makeMember(one)

  await expectRefusals(one, [
    ...withUser(member.member_id, 'user_not_found'),
    ...withMember(elsewhere, member.member_id, 'member_not_found'),
    ...withMember(elsewhere, theirs.external.member, 'member_not_found'),
    ...withMember(elsewhere, user.user_id, 'member_not_found'),
    ...withMember(member.organization_id, stranger.member_id, 'member_not_found'),
    ...withMember(user.user_id, member.member_id, 'organization_not_found'),
    ['users.deleteTotp', { totp_id: member.totp_registration_id }, 'totp_not_found'],
    ...proofs('user', { session_token: theirs.token }, 'session_not_found'),
    ...proofs('user', { session_jwt: theirs.jwt }, 'session_not_found'),
    ...proofs('user', { session_token: theirs.memberToken }, 'session_not_found'),
    ...proofs('member', { session_token: theirs.memberToken }, 'member_session_member_id_mismatch'),
    ...proofs('member', { session_jwt: theirs.memberJwt }, 'member_session_member_id_mismatch'),
    ...proofs('member', { session_token: theirs.token }, 'session_not_found'),
    ...proofs(
      'member',
      { intermediate_session_token: theirs.intermediate },
      'invalid_intermediate_session_token_for_organization',
    ),
    ...byColleague({ session_token: theirs.memberToken }),
    ...byColleague({ session_jwt: theirs.memberJwt }),
    ...byColleague({ intermediate_session_token: theirs.intermediate }),
    [
      'b2b.members.deleteTotp',
      { organization_id: elsewhere, member_id: mine.member.member_id, onBehalfOf: theirs.memberToken },
      'member_session_member_id_mismatch',
    ],
    ...(['sessions.authenticate', 'sessions.revoke'] as const).flatMap((name): Case[] => [
      [name, { session_token: theirs.memberToken }, 'session_not_found'],
      [name, { session_jwt: theirs.memberJwt }, 'session_not_found'],
    ]),
    ...(['b2b.sessions.authenticate', 'b2b.sessions.revoke'] as const).flatMap((name): Case[] => [
      [name, { session_token: theirs.token }, 'session_not_found'],
      [name, { session_jwt: theirs.jwt }, 'session_not_found'],
    ]),
    ['sessions.revoke', { session_id: theirs.memberSessionId }, 'session_not_found'],
    ['b2b.sessions.revoke', { member_session_id: theirs.sessionId }, 'session_not_found'],
    ['b2b.sessions.revoke', { member_id: user.user_id }, 'member_not_found'],
  ])
  expect((await ask(one, 'b2b.sessions.revoke', { member_id: mine.member.member_id })).status).toBe(200)

  expect(await stateOf(one, theirs)).toEqual(before)
  await expectUntouched(one, theirs)
})
