/** What engines' small first processes say when they cannot run a start command: then the container has started, and its worker has not. */

/** True when `output`, the last of a container, is such a word of Docker's tini or Podman's catatonit. */
export function tellsNoProgram(output: string): boolean {
	return /\[FATAL\s+tini[^\]]*\] exec |failed to exec pid1|^ERROR \(catatonit.*exec/m.test(output);
}
