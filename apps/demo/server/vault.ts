import type { RequestHandler } from 'express'

/** What the demo keeps behind MFA; the same for everybody, since it is only a demo. */
const papers = [
  { title: 'Passport', kind: 'Identity', detail: 'C4F 918 220, expires 14 March 2031' },
  { title: 'House insurance', kind: 'Contract', detail: 'Policy 77-1042, renewed every May' },
  { title: 'Wi-Fi at the cabin', kind: 'Note', detail: 'juniper-otter-lantern-42' },
  { title: 'Spare key', kind: 'Note', detail: 'With the neighbours in number 9, ask for Ines' },
]

export const vault: RequestHandler = (_req, res) => {
  res.json({ papers })
}
