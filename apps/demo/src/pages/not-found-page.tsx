import { Page } from '../page.js'
import { Link } from '../router.js'

export function NotFoundPage() {
  return (
    <Page title="There is no such page" lead="The address may be old, or mistyped.">
      <Link className="button primary" href="/">
        Go to the start
      </Link>
    </Page>
  )
}
