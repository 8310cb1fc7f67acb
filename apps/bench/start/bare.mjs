// The floor: node alone.
import { createServer } from 'node:http'

process.once('SIGTERM', () => process.exit())
const server = createServer((_request, response) => response.end())
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`))
