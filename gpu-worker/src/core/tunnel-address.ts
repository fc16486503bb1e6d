/** Under which address brokers reach this host's tunnels. */

/** `announced` as the operator wrote it, completed with the port, or the address that is listened on. */
export function tunnelAddress(announced: string | undefined, listenHost: string, port: number): string {
	if (announced === undefined) return `${bracketed(listenHost)}:${port}`;
	return /^(\[[^\]]*\]|[^:]+):\d{1,5}$/.test(announced) ? announced : `${bracketed(announced)}:${port}`;
}

function bracketed(host: string): string {
	return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
