/** `longshore endpoint explain`: why jobs of an endpoint wait and its workers are where they are, from what the edge and the regions say. */
import type { DecisionsV2 } from '@longshore/shared-schema/wire/rest-v2/decisions-answer';
import type { Command } from 'commander';
import { type EndpointView, findEndpoint } from '../api/endpoints.ts';
import type { JobView } from '../api/jobs.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { plain } from '../terminal/style.ts';
import { renderFacts } from '../terminal/table.ts';
import { hardwareOf } from './endpoint.ts';

const JOBS_EXPLAINED = 3;
const DECISIONS_SHOWN = 6;
const FAILURES_SHOWN = 3;

export function addExplain(endpoint: Command): void {
	define(endpoint, 'explain <endpoint>', 'Why its jobs wait, and what was decided', [
		['longshore endpoint explain embed', 'what waits, where workers are and are not, and what was decided lately'],
	]).action(withSession(explain));
}

async function explain(session: Session, nameOrId: string): Promise<void> {
	const endpoint = await findEndpoint(session, nameOrId);
	const [health, waiting, decided] = await Promise.all([
		session.edge().call('GET', `/v2/${endpoint.id}/health`) as Promise<Record<'jobs' | 'workers', Record<string, number>>>,
		waitingJobs(session, endpoint.id),
		session.edge().call('GET', `/v2/serverless/${endpoint.id}/decisions`) as unknown as Promise<DecisionsV2>,
	]);
	session.show({ endpoint: { id: endpoint.id, name: endpoint.name }, health, waiting, ...decided }, () => [
		...lines(session, endpoint, health, waiting),
		...placesOf(decided).flatMap((place) => placeLines(session, place, decided)),
	]);
	for (const region of decided.unreachableRegions) session.warn(`region ${region} did not answer: what it decided is not shown`);
}

/** The edge, then the regions in the order of preference. */
function placesOf({ shares, decisions, failures }: DecisionsV2): string[] {
	return [...new Set(['edge', ...shares.map(({ region }) => region), ...decisions.map(({ by }) => by), ...failures.map(({ region }) => region)])];
}

/** The jobs that wait longest among the newest, with the reason of each. */
async function waitingJobs(session: Session, endpointId: string): Promise<JobView[]> {
	const { requests } = await session.edge().call('GET', `/v2/${endpointId}/requests?limit=200`);
	const queued = (requests as { id: string; status: string }[]).filter(({ status }) => status === 'IN_QUEUE').reverse();
	return Promise.all(queued.slice(0, JOBS_EXPLAINED).map(({ id }) => session.edge().call('GET', `/v2/${endpointId}/status/${id}`) as Promise<JobView>));
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

function placeLines(session: Session, place: string, { shares, missing, obstacles, decisions, failures }: DecisionsV2): string[] {
	const { style, width } = session.terminal;
	const share = shares.find(({ region }) => region === place);
	const about = [
		...(share === undefined ? [] : [`up to ${share.workersMax} of its workers${share.tiers === null ? '' : ` on ${share.tiers.join(', ')}`}`]),
		...missing.filter(({ region }) => region === place).map(({ workers, text }) => style.warn(plain(`${workers} without room${text === null ? '' : `: ${text}`}`))),
		...(place === 'edge' ? obstacles.map(({ text }) => style.warn(plain(text))) : []),
	];
	const failed = failures
		.filter(({ region }) => region === place)
		.slice(-FAILURES_SHOWN)
		.map((failure): [string, string] => [
			'failed',
			`${failure.workerId} on ${failure.hostId}: ${failure.reason}${failure.lastLog === '' ? '' : `\n${failure.lastLog.trimEnd().split('\n').slice(-5).map(plain).join('\n')}`}`,
		]);
	const decided = decisions
		.filter(({ by }) => by === place)
		.slice(-DECISIONS_SHOWN)
		.map(({ at, kind, text }): [string, string] => [at.slice(11, 19), `${kind.padEnd(7)} ${plain(text)}`]);
	return ['', [style.bold(place), ...about].join('  '), ...renderFacts([...decided, ...failed], width, style).map((line) => `  ${line}`)];
}
