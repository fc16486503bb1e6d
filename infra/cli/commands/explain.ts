/** `longshore endpoint explain`: why jobs of an endpoint wait, from what the edge and, with the operator's tokens, the regions say. */
import type { Command } from 'commander';
import { type EndpointView, findEndpoint } from '../api/endpoints.ts';
import type { JobView } from '../api/jobs.ts';
import { listRegions } from '../api/regions.ts';
import { Failure } from '../failure.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { plain } from '../terminal/style.ts';
import { renderFacts } from '../terminal/table.ts';
import { hardwareOf } from './endpoint.ts';

const JOBS_EXPLAINED = 3;
const DECISIONS_SHOWN = 6;
const FAILURES_SHOWN = 3;

/** What one region says of the endpoint. */
interface RegionPart {
	readonly region: string;
	readonly queued: number;
	readonly workers: Readonly<Record<string, number>>;
	readonly blocked: string | null;
	readonly decisions: readonly { readonly at: string; readonly kind: string; readonly text: string }[];
	readonly failures: readonly { readonly workerId: string; readonly hostId: string; readonly reason: string; readonly lastLog: string; readonly agoMs: number }[];
}

export function addExplain(endpoint: Command): void {
	define(endpoint, 'explain <endpoint>', 'Why its jobs wait, and what was decided', [
		['longshore endpoint explain embed', 'more with the operator token: decisions, failed starts and their logs'],
	]).action(withSession(explain));
}

async function explain(session: Session, nameOrId: string): Promise<void> {
	const endpoint = await findEndpoint(session, nameOrId);
	const [health, waiting, regions] = await Promise.all([
		session.edge().call('GET', `/v2/${endpoint.id}/health`) as Promise<Record<'jobs' | 'workers', Record<string, number>>>,
		waitingJobs(session, endpoint.id),
		regionParts(session, endpoint.id),
	]);
	session.show({ endpoint: { id: endpoint.id, name: endpoint.name }, health, waiting, regions }, () => [
		...lines(session, endpoint, health, waiting),
		...(regions ?? []).flatMap((region) => regionLines(session, region)),
	]);
	if (regions === null) session.warn('what the regions decided is shown with the operator token: longshore login --operator');
}

/** The jobs that wait longest among the newest, with the reason of each. */
async function waitingJobs(session: Session, endpointId: string): Promise<JobView[]> {
	const { requests } = await session.edge().call('GET', `/v2/${endpointId}/requests?limit=200`);
	const queued = (requests as { id: string; status: string }[]).filter(({ status }) => status === 'IN_QUEUE').reverse();
	return Promise.all(queued.slice(0, JOBS_EXPLAINED).map(({ id }) => session.edge().call('GET', `/v2/${endpointId}/status/${id}`) as Promise<JobView>));
}

/** Null without the operator's token. */
async function regionParts(session: Session, endpointId: string): Promise<RegionPart[] | null> {
	if (session.context.operatorToken === undefined) return null;
	const regions = await listRegions(session);
	return Promise.all(
		regions.flatMap(({ id, url, endpoints }) => {
			const figures = endpoints[endpointId];
			return figures === undefined ? [] : [regionPart(session, endpointId, { id, url }, figures)];
		}),
	);
}

async function regionPart(
	session: Session,
	endpointId: string,
	{ id, url }: { id: string; url: string },
	figures: { queued: number; workers: Readonly<Record<string, number>>; blocked?: string },
): Promise<RegionPart> {
	const base = { region: id, queued: figures.queued, workers: figures.workers, blocked: figures.blocked ?? null };
	if (session.context.regionTokens[id] === undefined) return { ...base, decisions: [], failures: [] };
	try {
		const broker = session.region(id, session.context.local?.regions.find((one) => one.id === id)?.url ?? url);
		const [{ queues }, { failures }] = await Promise.all([broker.call('GET', '/operator/v1/queues'), broker.call('GET', '/operator/v1/workers')]);
		const own = (queues as { endpointId: string; decisions: RegionPart['decisions'] }[]).find((queue) => queue.endpointId === endpointId);
		return {
			...base,
			decisions: own?.decisions ?? [],
			failures: (failures as (RegionPart['failures'][number] & { endpointId: string })[]).filter((failure) => failure.endpointId === endpointId),
		};
	} catch (error) {
		if (!(error instanceof Failure)) throw error;
		session.warn(`${error.message}: what it decided is not shown`);
		return { ...base, decisions: [], failures: [] };
	}
}

function lines(session: Session, endpoint: EndpointView, health: Record<'jobs' | 'workers', Record<string, number>>, waiting: readonly JobView[]): string[] {
	const { style, width } = session.terminal;
	const { jobs, workers } = health;
	const facts: [string, string][] = [
		['Endpoint', `${style.bold(endpoint.name)} ${style.dim(endpoint.id)}`],
		[
			'Wants',
			`${hardwareOf(endpoint)}, ${endpoint.workers?.min ?? 0} to ${endpoint.workers?.max ?? 0} workers, ${(endpoint.dataCenterIds?.length ?? 0) === 0 ? 'any data centre' : endpoint.dataCenterIds?.join(', ')}`,
		],
		['Jobs', `${jobs['inQueue']} in line, ${jobs['inProgress']} running`],
		[
			'Workers',
			`${workers['running']} running, ${workers['idle']} idle, ${workers['initializing']} starting, ${workers['throttled']} without room, ${workers['unhealthy']} unhealthy`,
		],
		...waiting.map((job): [string, string] => ['Waits', `${plain(job.why?.text ?? 'on its way')}  ${style.dim(job.id)}`]),
	];
	if (waiting.length === 0) facts.push(['Waits', 'nothing waits']);
	return renderFacts(facts, width, style);
}

function regionLines(session: Session, region: RegionPart): string[] {
	const { style, width } = session.terminal;
	const failed = region.failures
		.slice(-FAILURES_SHOWN)
		.map((failure): [string, string] => [
			'failed',
			`${failure.workerId} on ${failure.hostId}: ${failure.reason}${failure.lastLog === '' ? '' : `\n${failure.lastLog.trimEnd().split('\n').slice(-5).map(plain).join('\n')}`}`,
		]);
	const decided = region.decisions.slice(-DECISIONS_SHOWN).map(({ at, kind, text }): [string, string] => [at.slice(11, 19), `${kind.padEnd(7)} ${plain(text)}`]);
	return [
		'',
		`${style.bold(region.region)}  ${region.queued} in line${region.blocked === null ? '' : `; ${style.warn(plain(region.blocked))}`}`,
		...renderFacts([...decided, ...failed], width, style).map((line) => `  ${line}`),
	];
}
