/** Writes the configuration of one node of a region's NATS: JetStream, whose signature counts, and where accounts' tokens are kept. Pure. */

/** One server of a region. The keys that encrypt and that join the cluster are in the text, so the file must be its owner's only. */
export interface NatsNodeOptions {
	readonly regionId: string;
	/** Unique in the region's cluster. */
	readonly nodeName: string;
	readonly port: number;
	readonly monitorPort: number;
	readonly storeDir: string;
	/** Where the server keeps the accounts' tokens: brokers replace the region's when they revoke a host. */
	readonly accountsDir: string;
	readonly operatorToken: string;
	/** Public key → token that the server begins with; a newer one in `accountsDir` stays. */
	readonly accounts: Readonly<Record<string, string>>;
	/** Set when the region has several servers. */
	readonly cluster?: { readonly port: number; readonly advertisedPort: number; readonly peerPorts: readonly number[]; readonly password: string };
	/** Sync each write to disk before it is acknowledged (servers from 2.10): an acknowledged message survives a power cut. */
	readonly syncAlways: boolean;
	/** Encrypts what the server stores. Without it the store of before cannot be read. */
	readonly storeKey: string;
}

/** Text for `nats-server -c`. Who may connect and say what stands in no configuration: users show tokens that the region's account has signed. */
export function renderNatsConfig(options: NatsNodeOptions): string {
	return `# Written by infra/local/nats-config.ts.
server_name: ${quote(options.nodeName)}
listen: "127.0.0.1:${options.port}"
http: "127.0.0.1:${options.monitorPort}"
max_payload: 1MB
jetstream {
  store_dir: ${quote(options.storeDir)}
  max_memory_store: 256MB
  max_file_store: 64GB
  cipher: aes
  key: ${quote(options.storeKey)}
${options.syncAlways ? '  sync_interval: always\n' : ''}}
operator: ${quote(options.operatorToken)}
resolver {
  type: full
  dir: ${quote(options.accountsDir)}
  allow_delete: false
  interval: "2m"
}
resolver_preload {
${Object.entries(options.accounts)
	.map(([id, token]) => `  ${id}: ${quote(token)}\n`)
	.join('')}}
${options.cluster === undefined ? '' : cluster(options.regionId, options.cluster)}`;
}

function cluster(regionId: string, options: NonNullable<NatsNodeOptions['cluster']>): string {
	const routes = options.peerPorts.map((port) => `"nats-route://route:${options.password}@127.0.0.1:${port}"`);
	return `cluster {
  name: ${quote(regionId)}
  listen: "127.0.0.1:${options.port}"
  advertise: "127.0.0.1:${options.advertisedPort}"
  # Brokers and hosts are told of every server: what they reach them by is not what the servers listen on.
  no_advertise: true
  authorization { user: route, password: ${quote(options.password)}, timeout: 5 }
  routes: [ ${routes.join(', ')} ]
}
`;
}

function quote(text: string): string {
	return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
