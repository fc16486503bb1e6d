/** One runtime of several, chosen by the image: `process://…` runs as a local process, anything else as a container. */
import { type Runtime, WorkerStartError } from './runtime.ts';

const PROCESS_SCHEME = 'process://';

/** `containers` is null on a host without a container engine. */
export function chooseRuntime(processes: Runtime, containers: Runtime | null): Runtime {
	return {
		async cleanUp() {
			await Promise.all([processes.cleanUp(), containers?.cleanUp()]);
		},
		async start(start) {
			if (start.spec.image.startsWith(PROCESS_SCHEME)) return processes.start(start);
			if (containers !== null) return containers.start(start);
			throw new WorkerStartError(
				`this host runs process:// images only, not ${start.spec.image}: its operator may set LONGSHORE_CONTAINER_ENGINE to the socket of Docker or Podman, for example unix:///var/run/docker.sock`,
			);
		},
	};
}
