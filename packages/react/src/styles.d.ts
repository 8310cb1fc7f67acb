// TypeScript from 6 on asks even an import for its effect alone for a declaration; bundlers take `styles.css`.
export {}
