import { compile, type Dialect, queryBuilder, value } from './statement.js'

/** Keys of session JWTs, and the marks of the encryption keys that the database was written with. */
export function keyStatements(dialect: Dialect) {
  const db = queryBuilder(dialect)
  const { of } = value

  return {
    signingKeys: compile(
      'signing_keys',
      db.selectFrom('signing_keys').selectAll().where('project_id', '=', of<string>('projectId')),
    ),
    insertSigningKey: compile(
      'insert_signing_key',
      db
        .insertInto('signing_keys')
        .values({
          project_id: of('project_id'),
          algorithm: of('algorithm'),
          kid: of('kid'),
          sealed_private_key: of('sealed_private_key'),
          key_id: of('key_id'),
          created_at: of('created_at'),
        })
        .onConflict((oc) => oc.doNothing()),
    ),
    resealSigningKey: compile(
      'reseal_signing_key',
      db
        .updateTable('signing_keys')
        .set({ sealed_private_key: of('sealedPrivateKey'), key_id: of('keyId') })
        .where('kid', '=', of<string>('kid')),
    ),
    keyIds: compile('key_ids', db.selectFrom('key_checks').select('key_id')),
    findUseOfKey: compile(
      'find_use_of_key',
      db
        .selectFrom('signing_keys')
        .select('key_id')
        .where('key_id', '=', of<string>('keyId'))
        .unionAll(
          db
            .selectFrom('totps')
            .select('key_id')
            .where('key_id', '=', of<string>('keyId'))
            // One whose first code never came is of no use to anybody.
            .where((eb) =>
              eb.or([eb('status', '<>', 'pending'), eb('expires_at', '>', value.integer('now'))]),
            ),
        )
        .limit(1),
    ),
    forgetKey: compile(
      'forget_key',
      db
        .deleteFrom('key_checks')
        .where('key_id', '=', of<string>('keyId'))
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('recovery_codes')
                .select('key_id')
                .where('key_id', '=', of<string>('keyId'))
                .where('used_at', 'is', null),
            ),
          ),
        ),
    ),
    keyCheck: compile(
      'key_check',
      db.selectFrom('key_checks').select('sealed').where('key_id', '=', of<string>('keyId')),
    ),
    insertKeyCheck: compile(
      'insert_key_check',
      db
        .insertInto('key_checks')
        .values({ key_id: of('keyId'), sealed: of('sealed') })
        .onConflict((oc) => oc.doNothing()),
    ),
  }
}
