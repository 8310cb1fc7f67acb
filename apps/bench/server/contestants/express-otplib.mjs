// What a hand would write in an afternoon: Express 5, otplib, pg. A guard against replays, but secrets in clear,
// no budget of attempts, no session.
import express from 'express'
import { verify } from 'otplib'
import pg from 'pg'
import { authorization, nowMs } from '../../lib/people.mjs'

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
const app = express()
app.use(express.json())
app.post('/authenticate', async (request, response) => {
  if (request.headers.authorization !== authorization) return response.status(401).json({})
  const { user_id: userId, totp_code: token } = request.body
  const { rows } = await pool.query('SELECT secret, last_step FROM plain_totps WHERE user_id = $1', [userId])
  if (rows.length === 0) return response.status(404).json({})
  const found = await verify({ secret: rows[0].secret, token, epoch: nowMs / 1000, epochTolerance: 30 })
  if (!found.valid) return response.status(401).json({ error: 'wrong' })
  const step = Math.floor(nowMs / 30_000) + found.delta
  const spent = await pool.query(
    'UPDATE plain_totps SET last_step = $2 WHERE user_id = $1 AND last_step < $2 RETURNING user_id',
    [userId, step],
  )
  if (spent.rowCount === 0) return response.status(401).json({ error: 'already used' })
  response.json({ ok: true, userId })
})
process.once('SIGTERM', () => process.exit())
const server = app.listen(0, '127.0.0.1', () =>
  console.log(`listening on http://127.0.0.1:${server.address().port}`),
)
