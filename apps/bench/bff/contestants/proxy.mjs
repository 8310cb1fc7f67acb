// http-proxy-middleware as its README shows it, with a keep-alive agent: adds the secret and passes all else on.
import http, { createServer } from 'node:http'
import express from 'express'
import { createProxyMiddleware } from 'http-proxy-middleware'
import { authorization, listen, upstream } from './shared.mjs'

const app = express()
app.use(
  '/authenticate',
  createProxyMiddleware({
    target: upstream,
    changeOrigin: true,
    agent: new http.Agent({ keepAlive: true }),
    pathRewrite: () => '/v1/totps/authenticate',
    headers: { authorization },
  }),
)
listen(createServer(app))
