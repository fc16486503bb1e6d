/** The ports of a load-balanced worker and the variables that name them (RunPod's). */

/** TCP ports on this host. `healthPort` is the same as `port` unless the endpoint has a `PORT_HEALTH` of its own. */
export interface HttpPorts {
	readonly port: number;
	readonly healthPort: number;
	readonly healthPath: string;
}

/** RunPod's default. */
const HEALTH_PATH = '/ping';

/** Whether the endpoint's app answers health calls on a port of its own. */
export function wantsHealthPort(env: Readonly<Record<string, string>>): boolean {
	return env['PORT_HEALTH'] !== undefined && env['PORT_HEALTH'] !== (env['PORT'] ?? '80');
}

/** Where health is asked. */
export function healthPathOf(env: Readonly<Record<string, string>>): string {
	const path = env['HEALTH_CHECK_PATH'] ?? HEALTH_PATH;
	return path.startsWith('/') ? path : `/${path}`;
}

/** The ports at which an app listens that has all ports to itself: as the endpoint says, else RunPod's default. NaN: what it says is no number. */
export function portsInside(env: Readonly<Record<string, string>>): HttpPorts {
	const port = toPort(env['PORT'] ?? '80');
	return { port, healthPort: env['PORT_HEALTH'] === undefined ? port : toPort(env['PORT_HEALTH']), healthPath: healthPathOf(env) };
}

function toPort(text: string): number {
	const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
	return port >= 1 && port <= 65_535 ? port : Number.NaN;
}

/** Overrides the endpoint's own numbers: processes of one host share its ports. */
export function portVariables({ port, healthPort }: HttpPorts): Record<string, string> {
	return { PORT: String(port), PORT_HEALTH: String(healthPort) };
}
