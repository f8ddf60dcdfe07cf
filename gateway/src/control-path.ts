/** The first segments of the control plane's endpoints; everything else is a call. */
const controlPath = /^\/(?:ping|register|update|connect|disconnect|health)(?:[/?]|$)/;

export function isControlPath(url: string): boolean {
  return controlPath.test(url);
}
