/** Turns a planned stack into the processes to run: commands, environments, configuration files. */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { workerdBinary } from '../workerd/binary.ts';
import { renderWorkerdConfig } from '../workerd/config.ts';
import { baseEnv } from './child-env.ts';
import { credentialsFile, type Layout } from './layout.ts';
import { renderNatsConfig } from './nats-config.ts';
import { accountIds, issuerOf, toolCredentials } from './nats-keys.ts';
import type { NatsServer } from './nats-server.ts';
import type { RegionNetwork } from './network.ts';
import type { StackSecrets } from './secrets.ts';
import type { StackSettings } from './settings.ts';
import type { ChildSpec } from './supervise.ts';

/** What all processes are made from. */
export interface StackPlan {
	readonly settings: StackSettings;
	readonly layout: Layout;
	readonly secrets: StackSecrets;
	readonly network: readonly RegionNetwork[];
	readonly natsServer: NatsServer;
}

/** A child with its place in `local.json`. */
export interface PlannedChild {
	readonly kind: 'nats' | 'edge' | 'link' | 'broker' | 'host';
	readonly id: string;
	readonly spec: ChildSpec;
}

const root = resolve(import.meta.dirname, '../..');
/** Threads of a NATS server that run Go code: on a machine that holds the whole stack, idle ones cost more in waking than they bring (2 cores: 51 → 26 switches a job). */
const NATS_THREADS = String(Math.max(1, Math.floor(availableParallelism() / 4)));
const isJsonReady = (line: string): boolean => line.startsWith('{') && line.includes('"msg":"ready"');
/** Longest drain of running jobs on Ctrl-C unless the user set one; production gives them `STOP_GRACE_MS`'s own default. */
const STOP_GRACE_MS = 8_000;

/** NATS servers of all regions. Writes their configuration. */
export function natsChildren(plan: StackPlan): PlannedChild[] {
	return plan.network.flatMap((region) => {
		const secrets = plan.secrets.regions[region.id];
		if (secrets === undefined) throw new Error(`no secrets for region ${region.id}`);
		const ids = accountIds(secrets.nats);
		mkdirSync(plan.layout.nats, { recursive: true, mode: 0o700 });
		writeFileSync(credentialsFile(plan.layout, region.id), toolCredentials(secrets.nats, 'tools'), { mode: 0o600 });
		return region.nats.map((node): PlannedChild => {
			const directory = join(plan.layout.nats, node.id);
			mkdirSync(directory, { recursive: true, mode: 0o700 });
			const config = join(directory, 'nats.conf');
			const peers = region.nats.filter((other) => other !== node).map((other) => other.routePort);
			const text = renderNatsConfig({
				regionId: region.id,
				nodeName: node.id,
				port: node.port,
				monitorPort: node.monitorPort,
				storeDir: join(directory, 'data'),
				accountsDir: join(directory, 'accounts'),
				operatorToken: secrets.nats.operatorToken,
				accounts: { [ids.system]: secrets.nats.systemToken, [ids.account]: secrets.nats.accountToken },
				...(peers.length === 0 ? {} : { cluster: { port: node.clusterPort, advertisedPort: node.routePort, peerPorts: peers, password: secrets.routePassword } }),
				syncAlways: false,
				storeKey: secrets.storeKey,
			});
			writeFileSync(config, text, { mode: 0o600 });
			const spec = childSpec(plan, `nats ${node.id}`, plan.natsServer.path, ['-c', config], { GOMAXPROCS: NATS_THREADS }, (line) => line.includes('Server is ready'));
			return { kind: 'nats', id: node.id, spec };
		});
	});
}

/** The edge under bare workerd, or under `wrangler dev` with reload. Writes its configuration; secrets go by environment. */
export function edgeChild(plan: StackPlan, bundle: string | undefined): PlannedChild {
	const { layout, settings, secrets } = plan;
	mkdirSync(layout.edgeData, { recursive: true, mode: 0o700 });
	const env = {
		LONGSHORE_EDGE_PRIVATE_KEY: secrets.edge.privateKey,
		LONGSHORE_ID_KEY: secrets.idKey,
		LONGSHORE_SEAL_KEY: secrets.sealKey,
		LONGSHORE_OPERATOR_TOKEN: secrets.operatorToken,
		...settings.edgeEnv,
	};
	if (bundle === undefined) return { kind: 'edge', id: 'edge', spec: wranglerSpec(plan, env) };
	copyFileSync(bundle, join(layout.edge, 'worker.js'));
	const config = join(layout.edge, 'edge.capnp');
	const text = renderWorkerdConfig({
		listen: `127.0.0.1:${settings.port}`,
		workerFile: 'worker.js',
		dataDir: layout.edgeData,
		settings: Object.keys(env),
		allowPrivateWebhooks: settings.allowPrivateWebhooks,
	});
	writeFileSync(config, text, { mode: 0o600 });
	const isListening = (line: string): boolean => line.startsWith('{') && line.includes('"event":"listen"');
	const spec = childSpec(plan, 'edge', workerdBinary(), ['serve', '--control-fd=3', config], env, isListening);
	return { kind: 'edge', id: 'edge', spec: { ...spec, hasControlPipe: true, stopGraceMs: 3_000 } };
}

/** Relays for several brokers or added delay, one process a region that has any. */
export function linkChildren(plan: StackPlan): PlannedChild[] {
	return plan.network
		.filter((region) => region.links.length > 0)
		.map((region): PlannedChild => {
			const spec = nodeSpec(plan, `link ${region.id}`, ['infra/local/link-proxy.ts', JSON.stringify(region.links)], {});
			return { kind: 'link', id: region.id, spec: { ...spec, stopGraceMs: 2_000 } };
		});
}

export function brokerChildren(plan: StackPlan): PlannedChild[] {
	return plan.network.flatMap((region) => {
		const secrets = plan.secrets.regions[region.id];
		if (secrets === undefined) throw new Error(`no secrets for region ${region.id}`);
		return region.brokers.map((broker): PlannedChild => {
			const env = {
				LONGSHORE_REGION_ID: region.id,
				LONGSHORE_BROKER_ID: broker.id,
				LONGSHORE_LISTEN: `127.0.0.1:${broker.port}`,
				LONGSHORE_EDGE_URL: region.edgeUrl,
				LONGSHORE_EDGE_PUBLIC_KEY: plan.secrets.edge.publicKey,
				LONGSHORE_REGION_PRIVATE_KEY: secrets.privateKey,
				LONGSHORE_NATS_URL: region.natsUrl,
				LONGSHORE_NATS_ISSUER: issuerOf(secrets.nats),
				LONGSHORE_NATS_REPLICAS: String(region.nats.length),
				LONGSHORE_OPERATOR_TOKEN: secrets.operatorToken,
				LONGSHORE_HOST_KEY: secrets.hostKey,
				...plan.settings.regionEnv,
			};
			const spec = nodeSpec(plan, `broker ${broker.id}`, ['regional-broker/src/main.ts'], env);
			return { kind: 'broker', id: broker.id, spec };
		});
	});
}

/** `enrolTokens`: by host, for those that have no credential yet. */
export function hostChildren(plan: StackPlan, enrolTokens: Readonly<Record<string, string>>): PlannedChild[] {
	return plan.network.flatMap((region) => {
		return hostsOf(plan, region.id).map((host): PlannedChild => {
			const stateDir = join(plan.layout.hosts, host.id);
			mkdirSync(stateDir, { recursive: true, mode: 0o700 });
			mkdirSync(join(plan.layout.volumes, host.dataCenterId), { recursive: true, mode: 0o700 });
			const { LONGSHORE_MODEL_DIR: models, ...hostEnv } = plan.settings.hostEnv;
			const env = {
				LONGSHORE_HOST_ID: host.id,
				LONGSHORE_DATA_CENTER_ID: host.dataCenterId,
				LONGSHORE_NATS_URL: region.natsUrlOfHosts,
				LONGSHORE_BROKER_URL: region.brokerUrl,
				...(enrolTokens[host.id] === undefined ? {} : { LONGSHORE_ENROL_TOKEN: enrolTokens[host.id] ?? '' }),
				LONGSHORE_STATE_DIR: stateDir,
				LONGSHORE_DECLARED_GPUS: JSON.stringify(host.gpus),
				LONGSHORE_ALLOW_PROCESS_WORKERS: '1',
				LONGSHORE_STOP_GRACE_MS: String(STOP_GRACE_MS),
				LONGSHORE_VOLUME_PATH: join(plan.layout.volumes, '{dataCenter}', '{volumeId}'),
				...(models === undefined ? {} : { LONGSHORE_MODEL_DIR: join(models, host.id) }),
				...plan.settings.regionEnv,
				...hostEnv,
			};
			const spec = nodeSpec(plan, `host ${host.id}`, ['gpu-worker/src/main.ts'], env);
			return { kind: 'host', id: host.id, spec: { ...spec, stopGraceMs: Number(env.LONGSHORE_STOP_GRACE_MS) + 5_000 } };
		});
	});
}

/** A host of a region with its data centre and declared GPUs. */
export function hostsOf(
	plan: Pick<StackPlan, 'settings'>,
	regionId: string,
): { readonly id: string; readonly dataCenterId: string; readonly gpus: { readonly gpuType: string; readonly count: number } }[] {
	const centers = plan.settings.topology.regions[regionId]?.dataCenters ?? {};
	return Object.entries(centers).flatMap(([dataCenterId, center]) => Object.entries(center.hosts).map(([id, gpus]) => ({ id, dataCenterId, gpus })));
}

function childSpec(
	plan: StackPlan,
	name: string,
	command: string,
	args: readonly string[],
	env: Readonly<Record<string, string>>,
	isReadyLine: (line: string) => boolean,
): ChildSpec {
	mkdirSync(plan.layout.logs, { recursive: true, mode: 0o700 });
	return {
		name,
		command,
		args,
		env: { ...baseEnv(process.env), ...env },
		cwd: plan.layout.home,
		logFile: join(plan.layout.logs, `${name.replace(' ', '-')}.log`),
		isReadyLine,
		stopGraceMs: 8_000,
	};
}

/** One of our own programs, named from the repository's root. The compile cache halves the time that it takes to come up, also after a kill. */
function nodeSpec(plan: StackPlan, name: string, [program = '', ...args]: readonly string[], env: Readonly<Record<string, string>>): ChildSpec {
	return childSpec(plan, name, process.execPath, [join(root, program), ...args], { NODE_COMPILE_CACHE: join(root, '.cache/node'), ...env }, isJsonReady);
}

/** `wrangler dev` takes settings from a `.env` file; it lies in the home, mode 0600, beside the data that it also keeps there. */
function wranglerSpec(plan: StackPlan, env: Readonly<Record<string, string>>): ChildSpec {
	const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js');
	if (!existsSync(wrangler)) throw new Error('wrangler is not installed: npm ci');
	const envFile = join(plan.layout.edge, 'dev.env');
	writeFileSync(
		envFile,
		Object.entries(env)
			.map(([name, value]) => `${name}="${value}"\n`)
			.join(''),
		{ mode: 0o600 },
	);
	const args = [
		'dev',
		'--config',
		join(root, 'edge/wrangler.jsonc'),
		'--ip',
		'127.0.0.1',
		'--port',
		String(plan.settings.port),
		'--inspector-port',
		'0',
		'--persist-to',
		join(plan.layout.edge, 'dev'),
		'--env-file',
		envFile,
		'--show-interactive-dev-session=false',
	];
	const spec = childSpec(plan, 'edge', process.execPath, [wrangler, ...args], { WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false', NO_COLOR: '1' }, (line) =>
		/Ready on http/.test(line),
	);
	return { ...spec, cwd: join(root, 'edge') };
}
