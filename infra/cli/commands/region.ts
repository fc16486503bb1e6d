/** `longshore region list` and `longshore host list`: what the operator has, as the regions' last heartbeats tell. */
import { poolOfGpuType } from '@longshore/shared-schema/catalog/gpus';
import type { Command } from 'commander';
import { notFound } from '../api/client.ts';
import { type HostView, hostsOf, listRegions, type RegionView } from '../api/regions.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { formatBytes } from '../terminal/bytes.ts';
import { formatMs } from '../terminal/duration.ts';
import { paintState } from '../terminal/style.ts';
import { renderFacts, renderTable } from '../terminal/table.ts';
import { addHostDrain } from './host-drain.ts';
import { addHostEnrol } from './host-enrol.ts';
import { addHostGpus } from './host-gpus.ts';

const GROUP = 'Operators:';

export function addRegion(program: Command): void {
	const region = define(program, 'region', 'Regions: heartbeats and capacity', [['longshore region list', 'all regions']])
		.alias('regions')
		.helpGroup(GROUP);
	define(region, 'list', 'All regions').alias('ls').action(withSession(listAllRegions));
	const host = define(program, 'host', 'GPU hosts: what they have, whether they take work', [
		['longshore host list', 'all hosts'],
		['longshore host drain eu-ro-1-a', 'before maintenance: running jobs finish'],
		['longshore host undrain eu-ro-1-a', 'back to work'],
	])
		.alias('hosts')
		.helpGroup(GROUP);
	define(host, 'list', 'All hosts of all regions').alias('ls').option('--region <id>', 'only this region').action(withSession(listHosts));
	define(host, 'get <host>', 'One host: its GPUs, and the models that it keeps').action(withSession(showHost));
	addHostDrain(host);
	addHostEnrol(host);
	addHostGpus(host);
}

async function listAllRegions(session: Session): Promise<void> {
	const regions = await listRegions(session);
	const { style, width } = session.terminal;
	const sum = (region: RegionView, member: 'gpus' | 'gpusFree'): number => region.hosts.reduce((total, host) => total + host[member], 0);
	session.show({ regions }, () =>
		renderTable(
			[
				{ title: 'REGION', value: ({ id }) => id, paint: style.bold },
				{ title: 'HEARTBEAT', value: heartbeatOf, paint: (text, region) => (region.heartbeatAgeMs === null ? style.bad(text) : text) },
				{ title: 'DATA CENTRES', value: ({ hosts }) => [...new Set(hosts.map(({ dataCenterId }) => dataCenterId))].sort().join(', '), cut: true },
				{ title: 'HOSTS', value: ({ hosts }) => String(hosts.length), align: 'right' },
				{ title: 'GPUS FREE', value: (region) => `${sum(region, 'gpusFree')} of ${sum(region, 'gpus')}`, align: 'right' },
				{ title: 'URL', value: ({ url }) => url, drop: 1 },
			],
			regions,
			width,
			style,
		),
	);
	if (regions.length === 0) session.warn('no regions are registered: a broker cannot take work before PUT /admin/regions/{id}');
}

async function listHosts(session: Session, flags: { readonly region?: string }): Promise<void> {
	const hosts = hostsOf(await listRegions(session, flags.region));
	const { style, width } = session.terminal;
	session.show({ hosts }, () =>
		renderTable(
			[
				{ title: 'HOST', value: ({ id }) => id, paint: style.bold },
				{ title: 'REGION', value: ({ region }) => region },
				{ title: 'DATA CENTRE', value: ({ dataCenterId }) => dataCenterId },
				{ title: 'POOL', value: ({ gpuType }) => poolOfGpuType(gpuType)?.id ?? '-' },
				{ title: 'GPU TYPE', value: ({ gpuType }) => gpuType, cut: true, cutWidthMin: 18, drop: 2 },
				{ title: 'FREE', value: ({ gpus, gpusFree }) => `${gpusFree} of ${gpus}`, align: 'right' },
				{ title: 'OUT', value: ({ gpuFaults }) => (gpuFaults ?? []).join('; '), cut: true, cutWidthMin: 12, paint: style.warn },
				{ title: 'CUDA', value: ({ cudaVersion }) => cudaVersion, drop: 3 },
				{ title: 'MODELS', value: modelsOf, drop: 4 },
				{ title: 'STATE', value: stateOf, paint: (text, host) => text.replace(stateOf(host), paintState(style, stateOf(host))) },
			],
			hosts,
			width,
			style,
		),
	);
	if (hosts.length === 0) session.warn('no hosts have reported. Does the agent run there? longshore doctor');
}

async function showHost(session: Session, id: string): Promise<void> {
	const hosts = hostsOf(await listRegions(session));
	const host = hosts.find((one) => one.id === id);
	const known = hosts.map((one) => one.id);
	if (host === undefined) throw notFound('host', id, known, 'longshore host list');
	const { style, width } = session.terminal;
	const { modelCache, volumes = [] } = host;
	const facts: (readonly [string, string])[] = [
		['Region', host.region],
		['Data centre', host.dataCenterId],
		['State', stateOf(host)],
		['GPUs', `${host.gpusFree} of ${host.gpus} free, ${host.gpuType}, CUDA ${host.cudaVersion}`],
		['Faulty GPUs', (host.gpuFaults ?? []).join('; ')],
		['Models', host.models.join(', ')],
		['Model cache', modelCache === undefined ? '' : `${formatBytes(modelCache.usedBytes)} of ${formatBytes(modelCache.budgetBytes)}`],
		['Downloading', (modelCache?.downloads ?? []).map(({ model, bytes, totalBytes }) => `${model} (${formatBytes(bytes)} of ${formatBytes(totalBytes)})`).join(', ')],
		['Volumes', volumes.map((volume) => `${volume.id} (${formatBytes(volume.usedBytes)})`).join(', ')],
	];
	session.show(host, () => renderFacts(facts, width, style));
}

/** Models by name; commits of the same ones are left out. */
function modelsOf({ models, modelCache }: HostView): string {
	const named = models.filter((key) => !/@[0-9a-f]{40}$/.test(key)).length;
	const downloads = modelCache?.downloads.length ?? 0;
	return `${named}${downloads === 0 ? '' : ` +${downloads} coming`}`;
}

function stateOf({ draining }: HostView): string {
	return draining ? 'draining' : 'ready';
}

function heartbeatOf({ heartbeatAgeMs }: RegionView): string {
	return heartbeatAgeMs === null ? 'never heard' : `${formatMs(heartbeatAgeMs)} ago`;
}
