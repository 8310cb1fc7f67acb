/** Whether a URL names this machine itself: what is sent there in the clear crosses no network. */
export const isLoopback = ({ hostname }: URL): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
