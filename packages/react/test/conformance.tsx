import { QueryClient } from '@tanstack/react-query'
import { cleanup, render } from '@testing-library/react'
import axe from 'axe-core'
import { cloneElement, type ReactElement, type ReactNode, StrictMode } from 'react'
import { renderToString } from 'react-dom/server'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { MfaProvider } from '../src/index.js'
import { FakeBff } from './fake-bff.js'

type Props = Record<string, unknown>

interface Expected {
  /** The element that `ref` and further props reach, where the component takes them. */
  inner?: string
  /** The element that carries `className`. */
  outer: string
}

/** What every component of the kit promises: className, ref, prop spread, accessibility, server rendering. */
export function describeConformance(name: string, element: ReactElement<Props>, { inner, outer }: Expected) {
  const around = (children: ReactNode) => {
    const queryClient = new QueryClient()
    const { fetch } = new FakeBff()
    return (
      <StrictMode>
        <MfaProvider baseUrl="/mfa" fetch={fetch} queryClient={queryClient}>
          <main>
            <h1>Page</h1>
            {children}
          </main>
        </MfaProvider>
      </StrictMode>
    )
  }

  describe(`${name}, as every component`, () => {
    afterEach(() => {
      cleanup()
      vi.restoreAllMocks()
    })

    it('takes a class beside its own', () => {
      const own = (container: HTMLElement) => [...(container.querySelector(outer)?.classList ?? [])]
      const plain = own(render(around(element)).container)
      cleanup()
      const { container } = render(around(cloneElement(element, { className: 'mine' })))
      expect(own(container)).toEqual([...plain, 'mine'])
    })

    it('tells its state', () => {
      const { container } = render(around(element))
      expect(container.querySelector('[data-kit]')?.getAttribute('data-state')).toMatch(/^[a-z-]+$/)
    })

    if (inner) {
      it('gives its element to a ref, and takes it back', () => {
        const seen: unknown[] = []
        const ref = (node: unknown) => void seen.push(node)
        const { container, unmount } = render(around(cloneElement(element, { ref })))
        expect(seen.at(-1)).toBe(container.querySelector(inner))
        unmount()
        expect(seen.at(-1)).toBeNull()
      })

      it('passes other props on, and keeps its own data attributes', () => {
        const onClick = vi.fn()
        const props = { id: 'mine', title: 'tip', 'data-mine': '1', onClick }
        const { container } = render(around(cloneElement(element, props)))
        const target = container.querySelector<HTMLElement>(inner)
        expect(target?.id).toBe('mine')
        expect(target?.getAttribute('data-mine')).toBe('1')
        target?.dispatchEvent(new MouseEvent('click', { bubbles: true }))
        expect(onClick).toHaveBeenCalledTimes(1)
        expect(container.querySelector('[data-kit]')).not.toBeNull()
      })
    }

    it('has no violation that axe finds', async () => {
      const { container } = render(around(element))
      // jsdom draws nothing, so there is no contrast to judge; the real browser judges it.
      const { violations } = await axe.run(container, { rules: { 'color-contrast': { enabled: false } } })
      expect(violations).toEqual([])
    })

    it('is written by a server without style attributes, and hydrates without a word', async () => {
      const said = vi.spyOn(console, 'error').mockImplementation(() => {})
      const page = around(element)
      const html = renderToString(page)
      expect(html).not.toContain('style=')
      const container = document.createElement('div')
      container.innerHTML = html
      document.body.append(container)
      const onRecoverableError = vi.fn()
      render(page, { container, hydrate: true, onRecoverableError })
      expect(onRecoverableError).not.toHaveBeenCalled()
      expect(said).not.toHaveBeenCalled()
      cleanup()
      container.remove()
    })
  })
}
