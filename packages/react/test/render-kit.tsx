import { QueryClient } from '@tanstack/react-query'
import { act, cleanup, render, renderHook, waitFor } from '@testing-library/react'
import { userEvent } from '@testing-library/user-event'
import { type ReactNode, StrictMode } from 'react'
import { afterEach, expect } from 'vitest'
import { MfaProvider, type MfaProviderProps } from '../src/index.js'
import type { FakeBff } from './fake-bff.js'

// jsdom has no modal dialogs.
HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
  this.setAttribute('open', '')
}
HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement) {
  this.removeAttribute('open')
}

afterEach(() => {
  cleanup()
  sessionStorage.clear()
})

/** Renders under StrictMode inside of a provider that talks to `bff`. */
export function renderKit(children: ReactNode, bff: FakeBff, props: Partial<MfaProviderProps> = {}) {
  const queryClient = new QueryClient()
  const tree = (inner: ReactNode) => (
    <StrictMode>
      <MfaProvider baseUrl="/mfa" fetch={bff.fetch} queryClient={queryClient} {...props}>
        {inner}
      </MfaProvider>
    </StrictMode>
  )
  const view = render(tree(children))
  return {
    ...view,
    queryClient,
    user: userEvent.setup(),
    show: (inner: ReactNode) => view.rerender(tree(inner)),
  }
}

/** Runs a hook where {@link renderKit} renders a component. */
export function hookKit<R>(use: () => R, bff: Pick<FakeBff, 'fetch'>, queryClient = new QueryClient()) {
  const { result } = renderHook(use, {
    wrapper: ({ children }) => (
      <MfaProvider baseUrl="/mfa" fetch={bff.fetch} queryClient={queryClient}>
        {children}
      </MfaProvider>
    ),
    reactStrictMode: true,
  })
  return result
}

/** A `fetch` whose reads come late once `isLate`: answered when they are asked, kept back until all `arrive`. */
export function lateReads(bff: FakeBff) {
  const kept: { answer: Response; release: () => void }[] = []
  const late = {
    kept,
    isLate: false,
    fetch: (async (input, init) => {
      const answer = await bff.fetch(input, init)
      if (late.isLate && init?.method === 'GET')
        await new Promise<void>((release) => kept.push({ answer, release }))
      return answer
    }) as FakeBff['fetch'],
    async arrive() {
      for (const { release } of kept) release()
      await waitFor(() => expect(kept.every(({ answer }) => answer.bodyUsed)).toBe(true))
      // What was read goes on its way before the next task.
      await act(() => new Promise((resolve) => setImmediate(resolve)))
    },
  }
  return late
}

/** The element with `data-kit`, or nothing. */
export const kit = <E extends HTMLElement = HTMLElement>(name: string) =>
  document.querySelector<E>(`[data-kit="${name}"]`)

/** The button with `data-kit-action`. */
export function action(name: string): HTMLElement {
  const button = document.querySelector<HTMLElement>(`[data-kit-action="${name}"]`)
  expect(button, `button ${name}`).not.toBeNull()
  return button as HTMLElement
}

/** All that a caches, the page and its storages hold, as text. */
export function everythingKept(queryClient: QueryClient): string {
  const { queries, mutations } = {
    queries: queryClient.getQueryCache().getAll(),
    mutations: queryClient.getMutationCache().getAll(),
  }
  return [
    JSON.stringify(queries.map(({ queryKey, state }) => ({ queryKey, state }))),
    JSON.stringify(mutations.map(({ options: { mutationKey }, state }) => ({ mutationKey, state }))),
    document.documentElement.outerHTML,
    JSON.stringify({ ...localStorage }),
    JSON.stringify({ ...sessionStorage }),
  ].join('\n')
}
