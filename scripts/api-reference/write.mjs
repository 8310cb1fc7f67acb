// Writes docs/api from the docstrings: one page a package, of what its index exports.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Application } from 'typedoc'

const root = fileURLToPath(new URL('../..', import.meta.url))
const names = ['react', 'bff', 'totp-server', 'totp-client', 'contract']
await mkdir(join(root, 'docs/api'), { recursive: true })
const out = await mkdtemp(join(tmpdir(), 'kit-api-'))

for (const name of names) {
  const folder = join(root, 'packages', name)
  const app = await Application.bootstrapWithPlugins({
    name: `@kit/${name}`,
    basePath: folder,
    entryPoints: [join(folder, 'src/index.ts')],
    tsconfig: join(folder, 'tsconfig.json'),
    plugin: ['typedoc-plugin-markdown'],
    // typedoc empties the folder that it writes to, and without a name that is docs.
    outputs: [{ name: 'markdown', path: join(out, name) }],
    readme: 'none',
    disableSources: true,
    excludeExternals: true,
    excludePrivate: true,
    logLevel: 'Warn',
    outputFileStrategy: 'modules',
    hideBreadcrumbs: true,
    useHTMLAnchors: true,
    hidePageHeader: true,
    useCodeBlocks: true,
    expandObjects: false,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    classPropertiesFormat: 'table',
  })
  const project = await app.convert()
  if (!project) process.exit(1)
  await app.generateOutputs(project)
  const text = await readFile(join(out, name, 'README.md'), 'utf8')
  await writeFile(join(root, `docs/api/${name}.md`), text)
}
await rm(out, { recursive: true })
