/** `longshore advise`: flex, active or dedicated for a load that was measured or is typed in, where they break even, and what to set. */
import type { Command } from 'commander';
import { type AdviceAnswer, numberOf } from '../api/billing.ts';
import { ApiFailure } from '../api/client.ts';
import { type EndpointView, findEndpoint } from '../api/endpoints.ts';
import { Failure } from '../failure.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { bar } from '../terminal/chart.ts';
import { moneyFormat, perSecond } from '../terminal/money.ts';
import { renderFacts, renderTable } from '../terminal/table.ts';
import { UsageError } from '../usage-error.ts';
import { poolsOf } from './endpoint-spec.ts';

const BAR_WIDTH = 16;

interface AdviseFlags {
	readonly utilisation?: string;
	readonly busyHours?: string;
	readonly pool?: string;
	readonly memory?: string;
	readonly flexPerSecond?: string;
	readonly activePerSecond?: string;
	readonly dedicatedPerHour?: string;
}

export function addAdvise(program: Command): void {
	define(program, 'advise [endpoint]', 'Flex, active or dedicated: what pays', [
		['longshore advise embed', 'by the load of its last 30 days'],
		['longshore advise embed --dedicated-per-hour 2', 'against a machine of your own'],
		['longshore advise --utilisation 0.4 --pool ADA_80_PRO', 'one GPU that is busy 40 % of the time'],
		['longshore advise --busy-hours 176 --pool AMPERE_80 --dedicated-per-hour 1.5', '176 hours of jobs a month'],
	])
		.option('--utilisation <share>', 'busy share of one GPU: 0.4; above 1 for several')
		.option('--busy-hours <hours>', 'or: GPU-hours of running jobs a month')
		.option('--pool <pool>', 'whose prices count (default: where it ran most)')
		.option('--memory <GB>', 'least memory of the tiers that are compared')
		.option('--flex-per-second <price>', "US dollars, instead of the catalogue's price")
		.option('--active-per-second <price>', "US dollars, instead of the catalogue's price")
		.option('--dedicated-per-hour <price>', 'a GPU that is always yours, US dollars an hour')
		.helpGroup('Costs:')
		.action(withSession(advise));
}

async function advise(session: Session, nameOrId: string | undefined, flags: AdviseFlags): Promise<void> {
	const query = queryOf(nameOrId, flags);
	const endpoint = nameOrId === undefined ? undefined : await findEndpoint(session, nameOrId);
	if (endpoint !== undefined) query.set('endpointId', endpoint.id);
	const answer = await askAdvice(session, query, endpoint);
	session.show(answer, () => adviceLines(session, answer));
	if (session.format !== 'table') return;
	session.terminal.say(session.terminal.talkStyle.dim(`A month is 720 hours; every tier is taken to be as fast as this one. Prices: ${answer.prices.source}`));
	if (endpoint !== undefined) hint(session, endpoint, answer);
}

async function askAdvice(session: Session, query: URLSearchParams, endpoint: EndpointView | undefined): Promise<AdviceAnswer> {
	try {
		return (await session.edge().call('GET', `/v2/billing/advice?${query}`)) as unknown as AdviceAnswer;
	} catch (error) {
		// The API names its parameters; a person named an endpoint.
		if (!(error instanceof ApiFailure) || error.status !== 400 || endpoint === undefined) throw error;
		throw new Failure(error.message.replace(/^endpointId: ([^;]*);.*$/, `endpoint ${endpoint.name}: $1`), 'Type a load in: longshore advise --utilisation 0.4 --pool ADA_80_PRO');
	}
}

/** Throws `UsageError` before anything is asked. */
function queryOf(nameOrId: string | undefined, flags: AdviseFlags): URLSearchParams {
	const loads = [nameOrId, flags.utilisation, flags.busyHours].filter((load) => load !== undefined).length;
	if (loads !== 1)
		throw new UsageError(
			loads === 0 ? 'no load is given' : 'more than one load is given',
			'Name an endpoint (its measured load), or give one of --utilisation 0.4 and --busy-hours 176',
		);
	if (nameOrId === undefined && flags.pool === undefined && flags.flexPerSecond === undefined)
		throw new UsageError('a typed-in load needs a price', "Give --pool ADA_80_PRO for the catalogue's, or --flex-per-second");
	const query = new URLSearchParams();
	if (flags.pool !== undefined) query.set('gpuPool', poolsOf([flags.pool])[0] ?? '');
	const numbers = [
		['utilisation', flags.utilisation, '--utilisation', '0.4'],
		['busyHoursPerMonth', flags.busyHours, '--busy-hours', '176'],
		['memoryGb', flags.memory, '--memory', '80'],
		['flexPerSecond', flags.flexPerSecond, '--flex-per-second', '0.00116'],
		['activePerSecond', flags.activePerSecond, '--active-per-second', '0.00093'],
		['dedicatedPerHour', flags.dedicatedPerHour, '--dedicated-per-hour', '2'],
	] as const;
	for (const [name, text, flag, example] of numbers) if (text !== undefined) query.set(name, numberOf(text, flag, example));
	return query;
}

function adviceLines(session: Session, answer: AdviceAnswer): string[] {
	const { style, width } = session.terminal;
	const { load, prices, utilisation, busyHoursPerMonth } = answer;
	const overhead =
		load.overheadPerBusySecond > 0
			? `; starting and idle add ${load.overheadPerBusySecond > 2 ? `${load.overheadPerBusySecond.toFixed(0)} times that` : percent(load.overheadPerBusySecond)} on flex workers`
			: '';
	const from = load.measured ? `measured over ${load.hours} ${load.hours === 1 ? 'hour' : 'hours'}` : 'as given';
	const given = [
		`flex ${perSecond(prices.flexPerSecond)}`,
		prices.activePerSecond === null ? '' : `active ${perSecond(prices.activePerSecond)}`,
		prices.dedicatedPerHour === null ? '' : `dedicated $${prices.dedicatedPerHour}/h`,
	].filter((text) => text !== '');
	const busy = utilisation > 1 ? `${utilisation.toFixed(1)} GPUs busy on average` : `one GPU ${percent(utilisation)} busy`;
	return [
		...renderFacts(
			[
				['Load', `${busy}, ${busyHoursPerMonth.toFixed(1)} GPU-hours a month (${from})${overhead}`],
				['Prices', `${given.join(', ')}${prices.gpuPool === null ? '' : ` (${prices.gpuPool})`}`],
				['Advice', style.good(recommendation(answer))],
			],
			width,
			style,
		),
		'',
		...waysTable(session, answer),
		...(answer.tiers.length > 1 ? ['', ...tiersTable(session, answer)] : []),
	];
}

function recommendation({ recommended, workersMin, workersMax, perMonth }: AdviceAnswer): string {
	if (recommended === 'dedicated') return `${perMonth.dedicatedGpus} dedicated ${perMonth.dedicatedGpus === 1 ? 'GPU' : 'GPUs'}`;
	if (recommended === 'active') return `${workersMin} active ${workersMin === 1 ? 'worker' : 'workers'}, flex ones beyond: --min ${workersMin} --max ${workersMax}`;
	return `flex workers: --min 0 --max ${workersMax}`;
}

interface Way {
	readonly name: AdviceAnswer['recommended'];
	readonly text: string;
	readonly perMonth: number | null;
	readonly breakEven: number | null;
}

function waysTable(session: Session, { perMonth, breakEven, recommended }: AdviceAnswer): string[] {
	const { style, width } = session.terminal;
	const ways: Way[] = [
		{ name: 'flex', text: 'flex', perMonth: perMonth.flex, breakEven: null },
		{ name: 'active', text: 'active', perMonth: perMonth.active, breakEven: breakEven.active },
		{ name: 'dedicated', text: `dedicated × ${perMonth.dedicatedGpus}`, perMonth: perMonth.dedicated, breakEven: breakEven.dedicated },
	];
	const shown = ways.filter((way) => way.perMonth !== null);
	const largest = Math.max(...shown.map((way) => way.perMonth ?? 0));
	const money = moneyFormat([largest]);
	const paint = (text: string, { name }: Way): string => (name === recommended ? style.good(text) : text);
	return renderTable<Way>(
		[
			{ title: 'WAY', value: ({ text }) => text, paint },
			{ title: 'A MONTH', value: (way) => money(way.perMonth ?? 0), align: 'right', paint },
			{ title: 'PAYS ABOVE', value: (way) => (way.breakEven === null ? '' : way.breakEven > 1 ? 'never' : `${percent(way.breakEven)} busy`), align: 'right' },
			{ title: '', value: (way) => (largest === 0 ? '' : bar((way.perMonth ?? 0) / largest, BAR_WIDTH)), paint, drop: 1 },
		],
		shown,
		width,
		style,
	);
}

function tiersTable(session: Session, { tiers, recommendedTier }: AdviceAnswer): string[] {
	const { style, width } = session.terminal;
	const largest = Math.max(...tiers.map(({ flexPerMonth }) => flexPerMonth));
	const money = moneyFormat([largest]);
	const paint = (text: string, { gpuPool }: { readonly gpuPool: string }): string => (gpuPool === recommendedTier ? style.good(text) : text);
	return renderTable(
		[
			{ title: 'TIER', value: ({ gpuPool }) => gpuPool, paint },
			{ title: 'GB', value: ({ memoryGb }) => String(memoryGb), align: 'right' },
			{ title: 'FLEX A MONTH', value: ({ flexPerMonth }) => money(flexPerMonth), align: 'right', paint },
			{ title: '', value: ({ flexPerMonth }) => (largest === 0 ? '' : bar(flexPerMonth / largest, BAR_WIDTH)), paint, drop: 1 },
		],
		tiers,
		width,
		style,
	);
}

/** What to type for it, where the endpoint is set otherwise. */
function hint(session: Session, { name, workers }: EndpointView, { recommended, workersMin, workersMax, prices }: AdviceAnswer): void {
	const { talkStyle } = session.terminal;
	const next = (line: string): void => session.terminal.say(`  ${talkStyle.dim('next:')} ${talkStyle.code(line)}`);
	if (recommended !== 'dedicated' && (workers?.min !== workersMin || workers.max !== workersMax)) next(`longshore endpoint update ${name} --min ${workersMin} --max ${workersMax}`);
	if (prices.dedicatedPerHour === null) next(`longshore advise ${name} --dedicated-per-hour 2`);
}

function percent(share: number): string {
	if (share > 0 && share < 0.001) return 'under 0.1 %';
	return `${(share * 100).toFixed(share > 0 && share < 0.0995 ? 1 : 0)} %`;
}
