// Deliberate mistakes, which the suite must catch: `pnpm proof mutants` makes each of them (scripts/run-mutants.mjs).
const server = 'packages/totp-server'
const bff = 'packages/bff'
const client = 'packages/totp-client'
const statementsOf = (what) => `${server}/src/statements-${what}.ts`
const providerSuite = `${server}/test/provider.test.ts`
const storeSuite = `${server}/test/store.test.ts`
const foreignSuite = `${server}/test/foreign.test.ts`

/**
 * `change`: pairs of a text that stands in the file exactly once, and what stands there instead.
 * `only`: names of the tests that are run, where a file holds many slow ones.
 */
export const mutants = [
  {
    name: 'last step read, then written: the statement itself no longer compares',
    file: statementsOf('attempts'),
    change: [[".where('last_step', '<', integer('step'))\n", '\n']],
    tests: [storeSuite],
    only: 'SQLite.*(T4|T5|T7)',
  },
  {
    name: '>= for >: the last accepted step is accepted again',
    file: statementsOf('attempts'),
    change: [[".where('last_step', '<', integer('step'))", ".where('last_step', '<=', integer('step'))"]],
    tests: [storeSuite],
    only: 'SQLite.*(T4|T5|T7)',
  },
  {
    name: 'last step read, then written: as races over sockets and processes see it',
    file: statementsOf('attempts'),
    change: [[".where('last_step', '<', integer('step'))\n", '\n']],
    tests: [`${server}/test/proof/single-use.test.ts`],
  },
  {
    name: 'missing await on the verdict of a spent step',
    file: `${server}/src/judge.ts`,
    change: [
      ['if (!(await queries.acceptStep(key, step, nowMs)))', 'if (!queries.acceptStep(key, step, nowMs))'],
    ],
    tests: [providerSuite],
    only: 'SQLite.*(T3|T4|T7)',
  },
  {
    name: 'falsy zero: the first step of time is no step',
    file: `${server}/src/judge.ts`,
    change: [['if (step === null) {', 'if (!step) {']],
    tests: [`${server}/test/server.test.ts`],
    only: 'T14',
  },
  {
    name: 'a window of two steps either way',
    file: `${server}/src/totp.ts`,
    change: [
      [
        '[current - 1, current, current + 1]',
        '[current - 2, current - 1, current, current + 1, current + 2]',
      ],
    ],
    tests: [`${server}/src/totp.test.ts`],
  },
  {
    name: 'no early exit becomes one: the earlier of two steps that share a code is spent',
    file: `${server}/src/totp.ts`,
    change: [['given)) matched = step', 'given)) return step']],
    tests: [`${server}/src/totp.test.ts`],
  },
  {
    name: 'whoever has no registration is answered sooner than whoever has one',
    file: `${server}/src/judge.ts`,
    change: [
      ["  matchTotpStep({ secret, code, nowMs, algorithm: 'SHA1', digits: 6, periodSeconds: 30 })\n", ''],
    ],
    tests: [`${server}/test/server.test.ts`],
    only: 'T84',
  },
  {
    name: 'a code of a registration that was removed meanwhile',
    file: `${server}/src/judge.ts`,
    change: [
      [
        'if (!(await queries.acceptStep(key, step, nowMs))) throw',
        'if (!(await queries.acceptStep(key, step, nowMs)) && (await queries.hasTotpInUse(key.subjectId))) throw',
      ],
    ],
    tests: [`${server}/test/server.test.ts`],
    only: 'its registration is gone',
  },
  {
    name: 'attempts counted after the code was judged',
    file: `${server}/src/judge.ts`,
    change: [
      [
        'const attempt = isPaid ? totp : await store.reserveAttempt(key, nowMs, limits)\n  if (attempt === null) {',
        'const attempt = totp\n  if (lockOf(totp, limits, nowMs) !== null) {',
      ],
      [
        '  if (step === null) {\n',
        '  if (step === null) {\n    await store.reserveAttempt(key, nowMs, limits)\n',
      ],
    ],
    tests: [providerSuite],
    only: 'SQLite.*(T19|T21)',
  },
  {
    name: 'a success clears the leaky level',
    file: statementsOf('attempts'),
    change: [['fail_level: sql`case when fail_level > 1 then fail_level - 1 else 0 end`', 'fail_level: 0']],
    tests: [storeSuite],
    only: 'SQLite.*T24',
  },
  {
    name: 'a lock that is not looked at',
    file: statementsOf('attempts'),
    change: [
      [".where((eb) => eb.or([eb('locked_until', 'is', null), eb('locked_until', '<=', now)]))\n", '\n'],
    ],
    tests: [storeSuite],
    only: 'SQLite.*(T19|T21)',
  },
  {
    name: 'a budget for each spelling of a person',
    file: `${server}/src/operations/recovery-codes.ts`,
    change: [
      [
        'const subject = await findUser(context, input.user_id)\n    const proof = await findProof(context, subject, input)\n    checkClaims(proof, input)\n    const paid = await payForRecoveryCode(context, subject, input.recovery_code)',
        'const subject = await findUser(context, input.user_id)\n    const proof = await findProof(context, subject, input)\n    checkClaims(proof, input)\n    const paid = await payForRecoveryCode(context, { ...subject, id: input.user_id }, input.recovery_code)',
      ],
    ],
    tests: [providerSuite],
    only: 'SQLite.*(T25|T53)',
  },
  {
    name: 'a recovery code that is not spent',
    file: statementsOf('recovery-codes'),
    change: [
      [
        ".where('totp_id', '=', of<string>('totpId'))\n        .where('used_at', 'is', null)\n        .where((eb) =>",
        ".where('totp_id', '=', of<string>('totpId'))\n        .where((eb) =>",
      ],
    ],
    tests: [storeSuite],
    only: 'SQLite.*(T50|T51)',
  },
  {
    name: 'a pending registration taken for one in use',
    file: `${server}/src/present.ts`,
    change: [["totps.find(({ status }) => status !== 'pending')", 'totps[0]']],
    tests: [providerSuite],
    only: 'SQLite.*(T39|T40|T48|no codes)',
  },
  {
    name: 'a sealed secret that is bound to no row',
    file: `${server}/src/seal.ts`,
    change: [
      ['      cipher.setAAD(Buffer.from(context))\n', ''],
      ['        decipher.setAAD(Buffer.from(context))\n', ''],
    ],
    tests: [`${server}/src/seal.test.ts`],
  },
  {
    name: 'the organization of a member is not asked for',
    file: statementsOf('subjects'),
    change: [
      [
        "organizationMatch(of<string>('organization')).select('organization_id'),\n        )\n        .where((eb) =>",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it stands in the sources so
        "sql<string>`case when ${of<string>('organization')} is null then '' else members.organization_id end`,\n        )\n        .where((eb) =>",
      ],
    ],
    tests: [providerSuite, storeSuite],
    only: 'SQLite.*(T25|T42)',
  },
  {
    name: 'the session of somebody else counts as proof',
    file: `${server}/src/session.ts`,
    change: [['if (row.subject_id !== subject.id) {', 'if (row.subject_id === undefined) {']],
    tests: [providerSuite],
    only: 'SQLite.*(session of (somebody else|another member))',
  },
  {
    name: 'a session token of any project',
    file: statementsOf('sessions'),
    change: [
      [
        "of<string>('tokenHash'))\n        .where('project_id', '=', of<string>('projectId'))\n        .where('expires_at', '>', now),\n    ),\n    findSessionById",
        "of<string>('tokenHash'))\n        .where('expires_at', '>', now),\n    ),\n    findSessionById",
      ],
    ],
    tests: [foreignSuite],
  },
  {
    name: 'an intermediate session of any project',
    file: statementsOf('sessions'),
    change: [
      [
        "of<string>('tokenHash'))\n        .where('project_id', '=', of<string>('projectId'))\n        .where('expires_at', '>', now),\n    ),\n    consume",
        "of<string>('tokenHash'))\n        .where('expires_at', '>', now),\n    ),\n    consume",
      ],
    ],
    tests: [foreignSuite],
  },
  {
    name: 'the sessions of a member of any project are ended',
    file: statementsOf('sessions'),
    change: [
      [
        "of<string>('memberId'))\n        .where('project_id', '=', of<string>('projectId'))\n",
        "of<string>('memberId'))\n",
      ],
    ],
    tests: [storeSuite],
    only: 'SQLite.*T42',
  },
  {
    name: 'an organization of any project',
    file: statementsOf('subjects'),
    change: [
      [
        ".selectFrom('organizations')\n      .where('project_id', '=', of<string>('projectId'))\n",
        ".selectFrom('organizations')\n",
      ],
    ],
    tests: [foreignSuite],
  },
  {
    name: 'the intermediate session of a colleague counts as proof',
    file: `${server}/src/session.ts`,
    change: [
      ["    if (row.member_id !== subject.id) throw new Refusal('member_session_member_id_mismatch')\n", ''],
    ],
    tests: [foreignSuite],
  },
  {
    name: 'answered before the commit',
    file: `${server}/src/sqlite.ts`,
    change: [['done.push(() => resolve(result))', 'resolve(result)']],
    tests: [`${server}/test/proof/disk-full.test.ts`],
  },
  {
    name: 'bodies of requests stand in the log',
    file: `${server}/src/handler.ts`,
    change: [
      [
        'report(requestId, endpointOf(route), status, outcome, startedAt)',
        'logger?.info({ body }, requestId); report(requestId, endpointOf(route), status, outcome, startedAt)',
      ],
    ],
    tests: [`${server}/test/proof/disk-full.test.ts`],
  },
  {
    name: 'whoever comes while the server drains is told to go before the door is shut',
    file: `${bff}/src/http-server.ts`,
    change: [['  await lookOnce()\n', '']],
    tests: [`${bff}/src/http-server.test.ts`],
    only: 'F37',
  },
  {
    name: 'CSRF token not compared',
    file: `${bff}/src/router.ts`,
    change: [
      [
        "if (body && !cookie.isCsrfToken(one(headers['x-csrf']), asker.binding))",
        'if (body && !asker.binding)',
      ],
    ],
    tests: [`${bff}/test/routes.test.ts`],
    only: 'T65',
  },
  {
    name: 'any page may ask',
    file: `${bff}/src/router.ts`,
    change: [['requireSameOrigin(headers, origin)', 'void requireSameOrigin']],
    tests: [`${bff}/test/routes.test.ts`],
    only: 'T65',
  },
  {
    name: 'the cookie of another subject counts',
    file: `${bff}/src/asker.ts`,
    change: [['session?.binding === binding &&\n', 'session &&\n']],
    tests: [`${bff}/test/sessions.test.ts`],
  },
  {
    name: 'a signed-out session counts',
    file: `${bff}/src/asker.ts`,
    change: [['!(own === host ? isHostOut : own !== undefined && (await isSignedOut(own)))', 'true']],
    tests: [`${bff}/test/sessions.test.ts`],
  },
  {
    name: 'a signed-out session of the host still names its person',
    file: `${bff}/src/asker.ts`,
    change: [["    if (isHostOut && operation !== 'signOut') return null\n", '']],
    tests: [`${bff}/test/identities.test.ts`, `${bff}/test/sessions.test.ts`],
  },
  {
    name: 'an answer that is older than a change is believed',
    file: `${bff}/src/standing.ts`,
    change: [['const isOld = known !== undefined && known.turn > told.turn', 'const isOld = false']],
    tests: [`${bff}/test/sessions.test.ts`],
  },
  {
    name: 'a key that is missing makes right recovery codes wrong',
    file: `${server}/src/judge.ts`,
    change: [
      [
        '  for (const { key_id } of await store.listRecoveryCodes(totp.totp_id)) context.keyring.pepper(key_id)\n',
        '',
      ],
    ],
    tests: [`${server}/test/server.test.ts`],
    only: 'F36',
  },
  {
    name: 'a slug may be the external id of another organization',
    file: statementsOf('subjects'),
    change: [["eb('external_id', '=', of<string>('slug')),", '']],
    tests: [storeSuite],
    only: 'SQLite.*T42',
  },
  {
    name: 'a member of another organization is let in',
    file: `${bff}/src/provider-member.ts`,
    change: [
      ['    requireEcho(member.organization_id === organization.organization_id)\n', ''],
      ['organization.organization_id === organizationId ||', 'true ||'],
    ],
    tests: [`${bff}/test/lies.test.ts`],
  },
  {
    name: 'error as success: a session that the code did not raise is taken',
    file: `${bff}/src/judge.ts`,
    change: [['if (!countMfa(accepted.session.mfa, accepted.reading, now()))', 'if (accepted === null)']],
    tests: [`${bff}/test/lies.test.ts`],
  },
  {
    name: 'error as success: whoever cannot be judged passes the gate',
    file: `${bff}/src/require-mfa.ts`,
    change: [['verdict = toRefusal(error)', "verdict = toRefusal(error) && 'allow'"]],
    tests: [`${bff}/test/proof/gate.test.ts`],
  },
  {
    name: 'a removed authenticator’s MFA still counts',
    file: `${bff}/src/policy.ts`,
    change: [['  if (done.factorId !== view.factorId) return null\n', '']],
    tests: [`${bff}/src/policy.test.ts`],
  },
  {
    name: 'a change of factors without a fresh factor',
    file: `${bff}/src/policy.ts`,
    change: [["return fresh && byRightFactor ? 'allow'", "return byRightFactor ? 'allow'"]],
    tests: [`${bff}/src/policy.test.ts`],
  },
  {
    name: 'a code of a moment ago passes on a wire that forgets it',
    file: `${bff}/src/judge.ts`,
    change: [
      ['(await spentCodes.has(names))', '(names.length < 0)'],
      ['(!(await spentCodes.add(names)))', '(names.length < 0)'],
    ],
    tests: [`${bff}/test/proof/single-use.test.ts`],
    only: 'on a wire',
  },
  {
    name: 'a spent code is offered to a wire that forgets it',
    file: `${bff}/src/judge.ts`,
    change: [['(await spentCodes.has(names))', '(names.length < 0)']],
    tests: [`${bff}/test/wire.test.ts`],
    only: 'the plain wire T3',
  },
  {
    name: 'who marks a code second passes too',
    file: `${bff}/src/judge.ts`,
    change: [['(!(await spentCodes.add(names)))', '(!(await spentCodes.add(names)) && names.length < 0)']],
    tests: [`${bff}/test/wire.test.ts`],
    only: 'the plain wire T4',
  },
  {
    name: 'an address has no limit',
    file: `${bff}/src/reports.ts`,
    change: [['binding,\n    addressKey,\n', 'binding,\n']],
    tests: [`${bff}/test/limits.test.ts`],
  },
  {
    name: 'a session has no limit',
    file: `${bff}/src/reports.ts`,
    change: [
      ['    sessionKey: session?.provider ? tokenHashOf(session.provider.sessionToken) : binding,\n', ''],
    ],
    tests: [`${bff}/test/limits.test.ts`],
  },
  {
    name: 'every peer is a trusted proxy',
    file: `${bff}/src/index.ts`,
    change: [
      [
        'createClientAddress(options.trustedProxies ?? [])',
        "createClientAddress(['0.0.0.0/1', '128.0.0.0/1'])",
      ],
    ],
    tests: [`${bff}/test/limits.test.ts`],
  },
  {
    name: 'what asks the provider has no limit',
    file: `${bff}/src/admission.ts`,
    change: [
      ["await limit(operation === 'authenticate'", "if (now() < 0) await limit(operation === 'authenticate'"],
    ],
    tests: [`${bff}/test/limits.test.ts`],
  },
  {
    name: 'X-Forwarded-For believed, whoever sends it',
    file: `${bff}/src/client-address.ts`,
    change: [
      ['trustedProxies.length === 0 ? [] : ', ''],
      ['while (hops.length > 0 && isTrusted(client))', 'while (hops.length > 0)'],
    ],
    tests: [`${bff}/src/client-address.test.ts`],
  },
  {
    name: 'limiter keyed by the spelling of an address',
    file: `${bff}/src/client-address.ts`,
    change: [['return isIP(client) === 6 ? network64(client) : client', 'return client']],
    tests: [`${bff}/src/client-address.test.ts`],
  },
  {
    name: 'the status in a body is ignored',
    file: `${client}/src/call.ts`,
    change: [
      ["    if (checked.data.status_code !== status) throw fail('malformed', 'status_mismatch')\n", ''],
    ],
    tests: [`${client}/src/faults.test.ts`],
  },
  {
    name: 'error as success: the outcome of a lost request is called known',
    file: `${client}/src/call.ts`,
    change: [["harmless ? 'unreachable' : 'outcome_unknown'", "'unreachable'"]],
    tests: [`${client}/src/faults.test.ts`],
  },
]
