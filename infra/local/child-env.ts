/** The environment of the stack's processes: what any program needs, then what each is told. Nothing else of the user's own. */
import { dirname } from 'node:path';

/** Locale, time zone, proxies and certificates; brokers and agents may sit behind a corporate proxy like anything else. */
const PASSED_ON: readonly string[] = [
	'HOME',
	'LANG',
	'LANGUAGE',
	'TZ',
	'HTTP_PROXY',
	'HTTPS_PROXY',
	'ALL_PROXY',
	'NO_PROXY',
	'http_proxy',
	'https_proxy',
	'all_proxy',
	'no_proxy',
	'NODE_EXTRA_CA_CERTS',
	'SSL_CERT_FILE',
	'SSL_CERT_DIR',
];

/** The common part, with our Node first on the path so that a worker's `node` is the one that runs TypeScript. */
export function baseEnv(own: Readonly<Record<string, string | undefined>>): Record<string, string> {
	const env: Record<string, string> = { PATH: `${dirname(process.execPath)}:${own['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}` };
	for (const [name, value] of Object.entries(own)) {
		if (value !== undefined && (PASSED_ON.includes(name) || name.startsWith('LC_'))) env[name] = value;
	}
	return env;
}
