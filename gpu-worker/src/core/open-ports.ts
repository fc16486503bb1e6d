/** The ports that an endpoint exposes: which they are, the variables that tell a worker where it is reached (RunPod's), and where they are bound. */
import type { OpenPort } from '@longshore/shared-schema/wire/open-port';

/** The endpoint's `8080/http`, `22/tcp`, each port number once. */
export function exposedPorts(ports: readonly string[]): Pick<OpenPort, 'port' | 'protocol'>[] {
	const byNumber = new Map<number, OpenPort['protocol']>();
	for (const text of ports) {
		const [number = '', protocol] = text.split('/');
		// Both are TCP; a port that is named as either is reached once.
		if (!byNumber.has(Number(number))) byNumber.set(Number(number), protocol === 'http' ? 'http' : 'tcp');
	}
	return [...byNumber].map(([port, protocol]) => ({ port, protocol }));
}

/** `RUNPOD_PUBLIC_IP` and `RUNPOD_TCP_PORT_<exposed>`; nothing for a worker without exposed ports. */
export function openPortVariables(ports: readonly OpenPort[]): Record<string, string> {
	const [first] = ports;
	if (first === undefined) return {};
	return { RUNPOD_PUBLIC_IP: first.publicIp, ...Object.fromEntries(ports.map(({ port, publicPort }) => [`RUNPOD_TCP_PORT_${port}`, String(publicPort)])) };
}

/** Address of the host that an exposed port is bound to: nothing is open to others unless the operator named an address that others reach. */
export function bindAddressOf(publicIp: string): '127.0.0.1' | '0.0.0.0' {
	return publicIp.startsWith('127.') || publicIp === 'localhost' ? '127.0.0.1' : '0.0.0.0';
}
