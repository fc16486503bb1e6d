/** Writes the configuration of one node of a region's NATS: JetStream, who may connect, and what each may say. Pure. */
import {
	CLAIM_SUBJECT,
	controlSubject,
	eventSubject,
	HOST_REPORT_SUBJECT,
	HOST_ROLL_CALL_SUBJECT,
	hostReportAckSubject,
	JOBS_STREAM,
	logsSubject,
	reportSubject,
	usageSubject,
	verdictSubject,
} from '@longshore/shared-schema/wire/subjects';

/** One server of a region. Passwords are in the text, so the file must be its owner's only. */
export interface NatsNodeOptions {
	readonly regionId: string;
	/** Unique in the region's cluster. */
	readonly nodeName: string;
	readonly port: number;
	readonly monitorPort: number;
	readonly storeDir: string;
	readonly brokerPassword: string;
	/** Host id → password. */
	readonly hosts: Readonly<Record<string, string>>;
	/** Set when the region has several servers. */
	readonly cluster?: { readonly port: number; readonly advertisedPort: number; readonly peerPorts: readonly number[]; readonly password: string };
	/** Sync each write to disk before it is acknowledged (servers from 2.10): an acknowledged message survives a power cut. */
	readonly syncAlways: boolean;
	/** Encrypts what the server stores. Without it the store of before cannot be read. */
	readonly storeKey: string;
}

export const BROKER_USER = 'broker';

/** Text for `nats-server -c`. */
export function renderNatsConfig(options: NatsNodeOptions): string {
	const users = [brokerUser(options.brokerPassword), ...Object.entries(options.hosts).map(([hostId, password]) => hostUser(hostId, password))];
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
accounts {
  REGION {
    jetstream: enabled
    users: [
${users.join('\n')}
    ]
  }
}
${options.cluster === undefined ? '' : cluster(options.regionId, options.cluster)}`;
}

/** Everything of its account but the administration of the server and of whole accounts. */
function brokerUser(password: string): string {
	const deny = ['$SYS.>', '$JS.API.ACCOUNT.>', '$JS.API.SERVER.>', '$JS.API.META.>'];
	return `      { user: ${BROKER_USER}, password: ${quote(password)}, permissions: { publish: { deny: ${list(deny)} }, subscribe: { deny: ["$SYS.>"] } } }`;
}

/** A host takes jobs, reports under its own name and hears its own commands; it can neither read nor change what streams and consumers there are. */
function hostUser(hostId: string, password: string): string {
	const publish = [
		`$JS.API.CONSUMER.MSG.NEXT.${JOBS_STREAM}.>`,
		`$JS.ACK.${JOBS_STREAM}.>`,
		eventSubject(hostId),
		reportSubject(hostId),
		usageSubject(hostId),
		HOST_REPORT_SUBJECT,
		CLAIM_SUBJECT,
	];
	const subscribe = [`_INBOX_${hostId}.>`, controlSubject(hostId), logsSubject(hostId), verdictSubject(hostId), hostReportAckSubject(hostId), HOST_ROLL_CALL_SUBJECT];
	return `      { user: ${quote(hostId)}, password: ${quote(password)}, permissions: { publish: { allow: ${list(publish)} }, subscribe: { allow: ${list(subscribe)} }, allow_responses: { max: 1, expires: "30s" } } }`;
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

function list(texts: readonly string[]): string {
	return `[${texts.map(quote).join(', ')}]`;
}

function quote(text: string): string {
	return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
