import type { RawBuilder } from 'kysely'
import {
  compile,
  compileForMany,
  type Dialect,
  kysely,
  placeOfCall,
  queryBuilder,
  value,
} from './statement.js'
import { type JoinedTotp, totpColumns, totpCount } from './statements-totps.js'
import type { MembersTable, OrganizationsTable, UsersTable } from './tables.js'

/** Columns of `organizations` beside those of a member. */
export type JoinedOrganization = {
  [Column in keyof OrganizationsTable as `organization_${Column}`]: OrganizationsTable[Column]
}

const organizationColumns = [
  'organizations.organization_id as organization_organization_id',
  'organizations.project_id as organization_project_id',
  'organizations.external_id as organization_external_id',
  'organizations.slug as organization_slug',
  'organizations.name as organization_name',
  'organizations.mfa_policy as organization_mfa_policy',
  'organizations.mfa_methods as organization_mfa_methods',
  'organizations.allowed_mfa_methods as organization_allowed_mfa_methods',
  'organizations.settings as organization_settings',
  'organizations.created_at as organization_created_at',
] as const

const organizationTexts = [
  'organization_id',
  'project_id',
  'external_id',
  'slug',
  'name',
  'mfa_policy',
  'mfa_methods',
  'allowed_mfa_methods',
  'settings',
] as const satisfies (keyof OrganizationsTable)[]

/** Users, organizations and members, read with their registrations. */
export function subjectStatements(dialect: Dialect) {
  const { sql } = kysely()
  const db = queryBuilder(dialect)
  const { of, integer } = value

  const organizationMatch = (reference: RawBuilder<string>) =>
    db
      .selectFrom('organizations')
      .where('project_id', '=', of<string>('projectId'))
      .where((eb) =>
        eb.or([
          eb('organization_id', '=', reference),
          eb('external_id', '=', reference),
          eb('slug', '=', reference),
        ]),
      )
      .orderBy((eb) =>
        eb
          .case()
          .when('organization_id', '=', reference)
          .then(0)
          .when('external_id', '=', reference)
          .then(1)
          .else(2)
          .end(),
      )
      .limit(1)

  const hashOf = (column: string) =>
    sql`hashtext(cast(${of('project_id')} as text) || ' ' || cast(${of(column)} as text))`
  /** Both leave out the external id where there is none. */
  const lockOf = (pick: 'least' | 'greatest') =>
    sql`pg_advisory_xact_lock(1, ${sql.raw(pick)}(${hashOf('slug')}, ${hashOf('external_id')}))`

  const findUser = () =>
    compileForMany(dialect, 'find_user', { projectId: 'text', reference: 'text' }, ({ of, table, isTable }) =>
      db
        .selectFrom('users')
        .leftJoin('totps', 'totps.subject_id', 'users.user_id')
        .$if(isTable, (query) => query.innerJoin(table, (join) => join.onTrue()).select(placeOfCall()))
        .selectAll('users')
        .select(totpColumns)
        .$if(dialect === 'sqlite', (query) => query.select(totpCount('users.user_id')))
        .where('users.project_id', '=', of<string>('projectId'))
        .where((eb) =>
          eb.or([
            eb('users.user_id', '=', of<string>('reference')),
            eb('users.external_id', '=', of<string>('reference')),
          ]),
        )
        .$castTo<UsersTable & JoinedTotp>(),
    )

  return {
    findUser: findUser(),
    findOrganization: compile(
      'find_organization',
      organizationMatch(of<string>('reference')).selectAll('organizations'),
    ),
    findMember: compile(
      'find_member',
      db
        .selectFrom('members')
        .innerJoin('organizations', 'organizations.organization_id', 'members.organization_id')
        .leftJoin('totps', 'totps.subject_id', 'members.member_id')
        .selectAll('members')
        .select(organizationColumns)
        .select(totpColumns)
        .$if(dialect === 'sqlite', (query) => query.select(totpCount('members.member_id')))
        .where(
          'members.organization_id',
          '=',
          organizationMatch(of<string>('organization')).select('organization_id'),
        )
        .where((eb) =>
          eb.or([
            eb('members.member_id', '=', of<string>('member')),
            eb('members.external_id', '=', of<string>('member')),
          ]),
        )
        .$castTo<MembersTable & JoinedOrganization & JoinedTotp>(),
    ),
    findMemberIds: compile(
      'find_member_ids',
      db
        .selectFrom('members')
        .innerJoin('organizations', 'organizations.organization_id', 'members.organization_id')
        .select('members.member_id')
        .where('organizations.project_id', '=', of<string>('projectId'))
        .where((eb) =>
          eb.or([
            eb('members.member_id', '=', of<string>('reference')),
            eb('members.external_id', '=', of<string>('reference')),
          ]),
        ),
    ),
    findMemberByEmail: compile(
      'find_member_by_email',
      db
        .selectFrom('members')
        .selectAll()
        .where('organization_id', '=', of<string>('organizationId'))
        .where('email_address', '=', of<string>('emailAddress')),
    ),
    insertUser: compile(
      'insert_user',
      db
        .insertInto('users')
        .values({
          user_id: of('user_id'),
          project_id: of('project_id'),
          external_id: of('external_id'),
          email: of('email'),
          email_id: of('email_id'),
          phone_number: of('phone_number'),
          phone_id: of('phone_id'),
          status: of('status'),
          name: of('name'),
          roles: of('roles'),
          trusted_metadata: of('trusted_metadata'),
          untrusted_metadata: of('untrusted_metadata'),
          created_at: of('created_at'),
        })
        .onConflict((oc) => oc.doNothing())
        .returning('user_id'),
    ),
    /**
     * For PostgreSQL only, until the transaction ends; in an order, so that no two wait for each other in a circle. Two
     * numbers: a single one is the migrations' lock.
     */
    lockOrganizationNames: compile(
      'lock_organization_names',
      db.selectNoFrom([lockOf('least').as('first'), lockOf('greatest').as('last')]),
    ),
    insertOrganization: compile(
      'insert_organization',
      db
        .insertInto('organizations')
        .columns([...organizationTexts, 'created_at'])
        .expression(
          db
            .selectNoFrom([
              ...organizationTexts.map((column) => of<string>(column).as(column)),
              integer('created_at').as('created_at'),
            ])
            // A slug and an external id both name an organization, so one's slug must not be another's external id.
            .where(({ not, exists, or, selectFrom }) =>
              not(
                exists(
                  selectFrom('organizations')
                    .select('organization_id')
                    .where('project_id', '=', of<string>('project_id'))
                    .where((eb) =>
                      or([
                        eb('external_id', '=', of<string>('slug')),
                        eb('slug', '=', of<string>('external_id')),
                      ]),
                    ),
                ),
              ),
            ),
        )
        .onConflict((oc) => oc.doNothing())
        .returning('organization_id'),
    ),
    insertMember: compile(
      'insert_member',
      db
        .insertInto('members')
        .values({
          member_id: of('member_id'),
          organization_id: of('organization_id'),
          external_id: of('external_id'),
          email_address: of('email_address'),
          status: of('status'),
          name: of('name'),
          mfa_enrolled: of('mfa_enrolled'),
          default_mfa_method: of('default_mfa_method'),
          mfa_phone_number: of('mfa_phone_number'),
          is_breakglass: of('is_breakglass'),
          roles: of('roles'),
          trusted_metadata: of('trusted_metadata'),
          untrusted_metadata: of('untrusted_metadata'),
          created_at: of('created_at'),
          updated_at: of('updated_at'),
        })
        .onConflict((oc) => oc.doNothing())
        .returning('member_id'),
    ),
    updateMemberMfa: compile(
      'update_member_mfa',
      db
        .updateTable('members')
        .set({
          mfa_enrolled: sql`coalesce(${integer('mfaEnrolled')}, mfa_enrolled)`,
          default_mfa_method: sql`case when ${integer('makesTotpDefault')} = 1 or default_mfa_method = '' then 'totp' else default_mfa_method end`,
          updated_at: of('now'),
        })
        .where('member_id', '=', of<string>('memberId'))
        .returningAll(),
    ),
    clearTotpDefault: compile(
      'clear_totp_default',
      db
        .updateTable('members')
        .set({ default_mfa_method: '', updated_at: of('now') })
        .where('member_id', '=', of<string>('memberId'))
        .where('default_mfa_method', '=', 'totp'),
    ),
  }
}
