// What every bench understands on its command line.
const given = (name) => process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)

/** Fewer rounds, fewer requests: shows that a bench runs, not how fast anything is. */
export const quick = process.argv.includes('--quick')
const only = given('only')?.split(',')
/** `--only=Kit,raw-safe` leaves those with one of the words in their name. */
export const wanted = (name) => !only || only.some((word) => name.includes(word))
const profileFolder = given('profile')
/** `--profile=FOLDER` has each process leave a CPU profile there: node's own options. */
export const nodeOptions = profileFolder ? ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`] : []
/** `--cases=a,b` runs those parts of a bench alone. */
const cases = given('cases')?.split(',')
export const wantedCase = (name) => !cases || cases.includes(name)
