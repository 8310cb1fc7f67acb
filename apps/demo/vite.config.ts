import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  // The kit's packages are bundled from their sources, so that a change there shows at once.
  resolve: { conditions: ['@kit/source', ...defaultClientConditions] },
  build: {
    outDir: 'dist/app',
    // The page's policy allows images from files and no inlined ones of unknown origin.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
  },
})
