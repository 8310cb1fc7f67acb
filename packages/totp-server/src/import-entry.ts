import type { Context } from './context.js'
import { looksLikeOwnId } from './ids.js'
import type { ImportEntry } from './import-lines.js'
import { secretContext } from './judge.js'
import { enrolMember } from './member-mfa.js'
import { newTotp, storeTotp } from './new-totp.js'
import { totpInUse } from './present.js'
import { Refusal } from './refusal.js'
import {
  findMember,
  findUser,
  isExternalId,
  isTotpAllowed,
  provideMember,
  provideUser,
  type Subject,
} from './subjects.js'
import type { TotpsTable } from './tables.js'

/** `new`: there is something to do. `unchanged`: it was imported before. */
export type ImportVerdict = 'new' | 'unchanged' | { problem: string }

const idsOf = (subject: Extract<ImportEntry['subject'], { kind: 'member' }>) => ({
  organization_id: subject.organizationId,
  member_id: subject.memberId,
})

const find = (context: Context, { subject }: ImportEntry): Promise<Subject> =>
  subject.kind === 'user' ? findUser(context, subject.userId) : findMember(context, idsOf(subject))

const provide = (context: Context, { subject }: ImportEntry): Promise<Subject> =>
  subject.kind === 'user' ? provideUser(context, subject.userId) : provideMember(context, idsOf(subject))

/** The ids by which AUTO_PROVISION would make whoever is missing. */
function idsToMake({ subject }: ImportEntry, missing: string): string[] {
  if (subject.kind === 'user') return [subject.userId]
  return missing === 'organization_not_found'
    ? [subject.organizationId, subject.memberId]
    : [subject.memberId]
}

function adviceOn(unusableId: string | undefined): string {
  if (unusableId === undefined) return 'make them first, or set AUTO_PROVISION=1'
  return looksLikeOwnId(unusableId)
    ? 'only a server gives ids of the form user-live-…, and this one gave no such id: use ids of your own'
    : 'an external id has 1 to 128 of A-Z a-z 0-9 . _ | - and no ~: use such ids'
}

const restricted: ImportVerdict = {
  problem: 'names a member whose organization does not allow authenticator apps',
}

const again: ImportVerdict = { problem: 'names the same person as another line' }

/** What making whoever is missing would lead to. The organization may come by its id, its slug or an external id. */
async function checkNew(
  { store, projectId }: Context,
  { subject }: ImportEntry,
  known: Set<string>,
): Promise<ImportVerdict> {
  if (subject.kind === 'user') return 'new'
  const organization = await store.findOrganization(projectId, subject.organizationId)
  const name = `${organization?.organization_id ?? subject.organizationId}/${subject.memberId}`
  if (known.has(name)) return again
  known.add(name)
  return organization === null || isTotpAllowed(organization) ? 'new' : restricted
}

function isSame({ keyring }: Context, totp: TotpsTable, entry: ImportEntry): boolean {
  const secret = keyring.open(totp.sealed_secret, totp.key_id, secretContext(totp))
  return (
    Buffer.compare(secret, entry.secret) === 0 &&
    totp.algorithm === entry.algorithm &&
    totp.digits === entry.digits &&
    totp.period_seconds === entry.periodSeconds
  )
}

/**
 * What importing an entry would do. Writes nothing.
 *
 * @param known ids of the subjects of other lines, to which that of this one is added: a person may come under the
 *   server's id and under their own, which no look at the lines tells
 */
export async function checkEntry(
  context: Context,
  entry: ImportEntry,
  known: Set<string>,
): Promise<ImportVerdict> {
  let subject: Subject
  try {
    subject = await find(context, entry)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const unusableId = idsToMake(entry, error.errorType).find((id) => !isExternalId(id))
    if (unusableId === undefined && context.autoProvision) return checkNew(context, entry, known)
    return { problem: `names nobody known (${error.errorType}): ${adviceOn(unusableId)}` }
  }
  if (known.has(subject.id)) return again
  known.add(subject.id)
  const { status } = subject.kind === 'user' ? subject.user : subject.member
  if (status !== 'active') return { problem: `names a ${subject.kind} who is not active` }
  if (subject.kind === 'member' && !isTotpAllowed(subject.organization, subject.member)) return restricted
  const totp = totpInUse(subject.totps)
  if (totp === undefined) return 'new'
  if (isSame(context, totp, entry)) return 'unchanged'
  return { problem: 'names somebody with another authenticator: delete that one first' }
}

/**
 * Stores an entry as a registration in use, in place of a pending one, with the recovery codes it came with and no
 * others. A member is enrolled in MFA, as somebody who has an authenticator was before.
 */
export async function importEntry(
  context: Context,
  entry: ImportEntry,
  known: Set<string>,
): Promise<ImportVerdict> {
  const verdict = await checkEntry(context, entry, known)
  if (verdict !== 'new') return verdict
  try {
    const subject = await provide(context, entry)
    const totp = newTotp(context, subject, entry.secret, entry, { status: 'active' })
    // As one change: a second run takes whoever has the authenticator for imported, and would not enrol them.
    await storeTotp(context, totp, entry.recoveryCodes, async (queries) => {
      if (subject.kind === 'member') {
        await enrolMember(queries, subject, { set_mfa_enrollment: 'enroll' }, context.now())
      }
    })
    return 'new'
  } catch (error) {
    // Somebody registered between the check and the write.
    if (error instanceof Refusal) return { problem: `was refused (${error.errorType})` }
    throw error
  }
}
