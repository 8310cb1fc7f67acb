// Writes what a bench found: a Markdown table and an SVG plot, and prints the table.
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'

const results = fileURLToPath(new URL('../results/', import.meta.url))

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Not a number is what could not be compared: the contestant was left out by `--only`. */
export const round = (value, digits = 3) =>
  typeof value !== 'number' ? value : Number.isNaN(value) ? '' : Number(value.toPrecision(digits))

/**
 * @param {string} name file name in `results/`; its first word is the bench's
 * @param {{ title: string, note: string, columns: string[], rows: (string | number)[][],
 *   plot?: { label: string, unit: string, column: number, highlight?: string } }} report
 *   `plot` draws one column of numbers as bars
 */
export function report(name, { title, note, columns, rows, plot }) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  const machine = `${cpus().length} cores (${cpus()[0].model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`
  const table = [
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(row.map((cell) => round(cell)))),
  ]
  const text = `<!-- Written by \`pnpm bench ${name.split('-')[0]}\`. -->\n# ${title}\n\n${note}\n\nMachine: ${machine}.\n\n${table.join('\n')}\n`
  mkdirSync(results, { recursive: true })
  writeFileSync(`${results}${name}.md`, text)
  if (plot) writeFileSync(`${results}${name}.svg`, bars(title, rows, plot))
  console.log(`\n${title}\n\n${table.join('\n')}\n`)
}

const escaped = (text) =>
  String(text).replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign])

/** Horizontal bars that read in light and dark. */
function bars(title, rows, { label, unit, column, highlight = 'Kit' }) {
  const known = rows.filter((row) => typeof row[column] === 'number')
  const most = Math.max(...known.map((row) => row[column]))
  const width = 760
  const left = 270
  const rowHeight = 26
  const height = 64 + known.length * rowHeight
  const drawn = known
    .map((row, index) => {
      const y = 52 + index * rowHeight
      const length = Math.max(2, (row[column] / most) * (width - left - 90))
      const kind = String(row[0]).includes(highlight) ? 'kit' : 'peer'
      return `<text class="name ${kind}" x="${left - 10}" y="${y + 13}">${escaped(row[0])}</text><rect class="${kind}" x="${left}" y="${y}" width="${length.toFixed(1)}" height="18" rx="3"/><text class="value" x="${left + length + 8}" y="${y + 13}">${escaped(round(row[column]))}</text>`
    })
    .join('\n')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>
text{font:13px system-ui,sans-serif;fill:#333}.title{font-weight:600;font-size:15px}.name{text-anchor:end}.name.kit{font-weight:600}
rect.kit{fill:#3056d3}rect.peer{fill:#9aa4b2}
@media (prefers-color-scheme:dark){text{fill:#dde}rect.kit{fill:#7f9cff}rect.peer{fill:#667080}}
</style>
<text class="title" x="12" y="22">${escaped(title)}</text><text x="12" y="41">${escaped(label)} (${escaped(unit)})</text>
${drawn}
</svg>
`
}
