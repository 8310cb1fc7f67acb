/** Where `kit-bff` listens. */
export const bffUrl = process.env.BFF_URL ?? 'http://127.0.0.1:4200'
