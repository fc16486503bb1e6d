/** Writes the configuration with which bare `workerd serve` runs the edge. Pure: text in, text out. Holds no secret: settings come from the environment of workerd. */
import { COMPATIBILITY_DATE, COMPATIBILITY_FLAGS, DURABLE_OBJECTS } from './edge-classes.ts';

/**
 * Never called by a webhook, whatever a name leads to and whatever the operator allows: link-local networks, cloud metadata, reserved and
 * multicast networks, and IPv6 networks that carry an IPv4 address. The rest is up to `allow`.
 */
const WEBHOOK_DENIED: readonly string[] = [
	...['0.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '198.18.0.0/15', '224.0.0.0/3'],
	...['100.100.100.200/32', '168.63.129.16/32', 'fd00:ec2::/32', 'fd20:ce::254/128'],
	...['::/128', 'fe80::/10', 'fec0::/10', 'ff00::/8', '64:ff9b::/96', '64:ff9b:1::/48', '2001::/32', '2002::/16'],
];

/** What differs between two edges. */
export interface WorkerdOptions {
	/** `host:port` of the HTTP socket. */
	readonly listen: string;
	/** The bundled Worker, relative to the configuration file: `embed` takes no absolute path. */
	readonly workerFile: string;
	/** Directory of the Durable Objects' SQLite files. */
	readonly dataDir: string;
	/** Names of the `LONGSHORE_*` variables that become text bindings; their values stay in the environment. */
	readonly settings: readonly string[];
	/** Lets webhooks reach loopback and private addresses. */
	readonly allowPrivateWebhooks: boolean;
}

/** Cap'n Proto text. Webhooks leave through `internet` (public addresses only by default), regions are reached through `region-net`. */
export function renderWorkerdConfig(options: WorkerdOptions): string {
	const webhookNet = options.allowPrivateWebhooks ? ['public', 'private', 'local'] : ['public'];
	return `# Written by infra/workerd/config.ts.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ( name = "edge", worker = .edge ),
    ( name = "data", disk = ( path = ${quote(options.dataDir)}, writable = true ) ),
    ( name = "internet", network = ( allow = ${list(webhookNet)}, deny = ${list(WEBHOOK_DENIED)}, tlsOptions = ( trustBrowserCas = true ) ) ),
    ( name = "region-net", network = ( allow = ${list(['public', 'private', 'local'])}, tlsOptions = ( trustBrowserCas = true ) ) ),
  ],
  sockets = [ ( name = "http", address = ${quote(options.listen)}, http = (), service = "edge" ) ],
);

const edge :Workerd.Worker = (
  modules = [ ( name = "worker.js", esModule = embed ${quote(options.workerFile)} ) ],
  compatibilityDate = ${quote(COMPATIBILITY_DATE)},
  compatibilityFlags = ${list(COMPATIBILITY_FLAGS)},
  globalOutbound = "internet",
  bindings = [
${bindings(options.settings).join('\n')}
  ],
  durableObjectNamespaces = [
${Object.values(DURABLE_OBJECTS)
	.map((className) => `    ( className = ${quote(className)}, uniqueKey = ${quote(className)}, enableSql = true ),`)
	.join('\n')}
  ],
  durableObjectStorage = ( localDisk = "data" ),
);
`;
}

function bindings(settings: readonly string[]): string[] {
	return [
		...Object.entries(DURABLE_OBJECTS).map(([name, className]) => `    ( name = ${quote(name)}, durableObjectNamespace = ${quote(className)} ),`),
		'    ( name = "REGION_NET", service = "region-net" ),',
		...settings.map((name) => `    ( name = ${quote(name)}, fromEnvironment = ${quote(name)} ),`),
	];
}

function list(texts: readonly string[]): string {
	return `[ ${texts.map(quote).join(', ')} ]`;
}

/** Cap'n Proto's string escapes are C's; a path may hold quotes, backslashes and control characters. */
function quote(text: string): string {
	const escaped = [...text].map((char) => {
		if (char === '"' || char === '\\') return `\\${char}`;
		const code = char.codePointAt(0) ?? 0;
		return code < 0x20 ? `\\x${code.toString(16).padStart(2, '0')}` : char;
	});
	return `"${escaped.join('')}"`;
}
