/** `longshore endpoint create|list|get|update|delete`: the endpoints of an account. */
import type { Command } from 'commander';
import { type EndpointView, findEndpoint, listEndpoints } from '../api/endpoints.ts';
import { confirmByName } from '../ask/confirm.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { formatAge, formatMs } from '../terminal/duration.ts';
import { renderFacts, renderTable } from '../terminal/table.ts';
import { UsageError } from '../usage-error.ts';
import { addSpecFlags, bodyFromFlags, type SpecFlags } from './endpoint-spec.ts';
import { withReferences } from './references.ts';

export function addEndpoint(program: Command): Command {
	const endpoint = define(program, 'endpoint', 'Endpoints: what runs, on which GPUs, how many', [
		['longshore endpoint list', 'all of them'],
		['longshore endpoint create echo --directory . --args "python3 -u handler.py" --pool ADA_24', 'a handler of yours'],
		['longshore endpoint update echo --max 5', 'more workers, at once'],
	])
		.alias('endpoints')
		.helpGroup('Resources:');
	addSpecFlags(
		define(endpoint, 'create <name>', 'Make an endpoint', [
			['longshore endpoint create embed --image registry.example.com/embed:1 --pool ADA_24,AMPERE_80', 'a container, on the first pool with room'],
			['longshore endpoint create echo --directory . --args "python3 -u handler.py" --pool ADA_24', 'a local process'],
			['longshore endpoint create text --template base --cpu --max 2', 'from a template, without a GPU'],
		]),
	)
		.option('--type <type>', 'QUEUE or LOAD_BALANCER (default: QUEUE)')
		.option('--dry-run', 'show the request and send nothing')
		.action(withSession(create));
	define(endpoint, 'list', 'All endpoints of the account', [['longshore endpoint list -o json', 'for programs']])
		.alias('ls')
		.action(withSession(list));
	define(endpoint, 'get <endpoint>', 'One endpoint, by id or name', [['longshore endpoint get embed', 'its settings']]).action(withSession(get));
	addSpecFlags(
		define(endpoint, 'update <endpoint>', 'Change an endpoint; what needs new workers rolls them', [
			['longshore endpoint update embed --max 10 --idle-timeout 60s', 'scaling: applies at once'],
			['longshore endpoint update embed --image registry.example.com/embed:2', 'a new release: busy workers finish first'],
		]),
	)
		.option('--name <name>', 'new display name; the id stays')
		.option('--dry-run', 'show the request and send nothing')
		.action(withSession(update));
	define(endpoint, 'delete <endpoint>', 'Delete an endpoint; its jobs and results go with it', [['longshore endpoint delete embed', 'asks for the name']])
		.alias('rm')
		.option('-y, --yes', 'do not ask')
		.action(withSession(remove));
	return endpoint;
}

async function create(session: Session, name: string, flags: SpecFlags & { readonly dryRun?: boolean }): Promise<void> {
	const body: Record<string, unknown> = { type: 'QUEUE', ...(await withReferences(session, bodyFromFlags({ ...flags, name }), flags)) };
	if (body['image'] === undefined)
		throw new UsageError(
			'an endpoint needs something to run: --image, --directory or --template',
			'For a handler here: longshore endpoint create my-name --directory . --args "python3 -u handler.py" --pool ADA_24',
		);
	if (body['gpu'] === undefined && body['cpu'] === undefined)
		throw new UsageError('an endpoint needs hardware: --pool <pools>, or --cpu for none', 'See the pools: longshore catalog gpus');
	if (flags.dryRun === true) return dryRun(session, 'POST /v2/serverless', body);
	const made = (await session.edge().call('POST', '/v2/serverless', { body })) as EndpointView;
	session.show(made, () => endpointLines(session, made));
	session.done(`endpoint ${made.name} made (${made.id})`, [`longshore runsync ${made.name} '{"text":"hello"}'`, `longshore endpoint get ${made.name}`]);
}

async function list(session: Session): Promise<void> {
	const endpoints = await listEndpoints(session);
	const { style, width } = session.terminal;
	session.show({ endpoints }, () =>
		renderTable(
			[
				{ title: 'NAME', value: ({ name }) => name, paint: style.bold },
				{ title: 'ID', value: ({ id }) => id },
				{ title: 'TYPE', value: ({ type }) => type ?? '', drop: 1 },
				{ title: 'HARDWARE', value: hardwareOf, cut: true, cutWidthMin: 18 },
				{ title: 'WORKERS', value: ({ workers }) => `${workers?.min ?? 0}–${workers?.max ?? 0}` },
				{ title: 'VERSION', value: ({ version }) => String(version ?? ''), align: 'right', drop: 2 },
				{ title: 'IMAGE', value: ({ image }) => image ?? '', cut: true, cutWidthMin: 24, drop: 3 },
				{ title: 'MADE', value: ({ createdAt }) => formatAge(createdAt, Date.now()), drop: 4 },
			],
			endpoints,
			width,
			style,
		),
	);
	if (endpoints.length === 0) session.warn('no endpoints yet. Make one: longshore endpoint create --help');
}

async function get(session: Session, nameOrId: string): Promise<void> {
	const { id } = await findEndpoint(session, nameOrId);
	const endpoint = (await session.edge().call('GET', `/v2/serverless/${id}`)) as EndpointView;
	session.show(endpoint, () => endpointLines(session, endpoint));
}

async function update(session: Session, nameOrId: string, flags: SpecFlags & { readonly dryRun?: boolean }): Promise<void> {
	const { dryRun: _, ...settings } = flags;
	if (Object.keys(settings).length === 0) throw new UsageError('nothing to change: give at least one setting', 'See them: longshore endpoint update --help');
	const before = await findEndpoint(session, nameOrId);
	const body = await withReferences(session, bodyFromFlags(flags, before), flags);
	if (flags.dryRun === true) return dryRun(session, `PATCH /v2/serverless/${before.id}`, body);
	const after = (await session.edge().call('PATCH', `/v2/serverless/${before.id}`, { body })) as EndpointView;
	session.show(after, () => endpointLines(session, after));
	const rolled = after.version !== before.version;
	session.done(
		`endpoint ${after.name} changed: ${rolled ? `release ${after.version} rolls out, busy workers of release ${before.version} finish first` : 'applied in place'}`,
		rolled ? [`longshore endpoint workers ${after.name}`] : [`longshore endpoint get ${after.name}`],
	);
}

async function remove(session: Session, nameOrId: string, { yes }: { readonly yes?: boolean }): Promise<void> {
	const { id, name } = await findEndpoint(session, nameOrId);
	await confirmByName(session, { what: `endpoint ${name} (${id}) with its jobs and results`, name, yes });
	await session.edge().call('DELETE', `/v2/serverless/${id}`);
	session.done(`endpoint ${name} (${id}) deleted`, ['longshore endpoint list']);
}

/** What a `--dry-run` shows. */
export function dryRun(session: Session, call: string, body: unknown): void {
	session.show({ call, body }, () => [call, JSON.stringify(body, null, 2)]);
	session.warn('dry run: nothing was sent');
}

/** `ADA_24 > AMPERE_80 ×2`, `CPU`. */
export function hardwareOf({ gpu, cpu }: EndpointView): string {
	if (gpu?.pools === undefined)
		return ((cpu ?? []) as { id?: string; vcpuCount?: number }[]).map(({ id, vcpuCount }) => `CPU ${id ?? ''}${vcpuCount === undefined ? '' : ` ×${vcpuCount}`}`).join(' > ');
	return `${gpu.pools.join(' > ')}${(gpu.count ?? 1) > 1 ? ` ×${gpu.count}` : ''}`;
}

function endpointLines(session: Session, endpoint: EndpointView): string[] {
	const { style, width } = session.terminal;
	const { workers, scaling } = endpoint;
	const text = (name: string): string => (typeof endpoint[name] === 'string' ? (endpoint[name] as string) : '');
	const ms = (name: string): string => (typeof endpoint[name] === 'number' ? formatMs(endpoint[name] as number) : '');
	const byDelay =
		scaling?.anticipate === undefined
			? `when a job waits over ${scaling?.queueDelay} s`
			: `by what is usual: patience ${scaling.anticipate.patience}, ${scaling.anticipate.spareWorkers} spare`;
	const scales = scaling?.type === 'REQUEST_COUNT' ? `one worker for ${scaling.requestCount} requests` : byDelay;
	return renderFacts(
		[
			['Name', style.bold(endpoint.name)],
			['Id', endpoint.id],
			['Type', `${endpoint.type ?? ''}, release ${endpoint.version ?? '?'}, made ${formatAge(endpoint.createdAt, Date.now())}`],
			['Image', text('image')],
			['Command', text('args')],
			['Template', text('templateId')],
			['Hardware', `${hardwareOf(endpoint)}${(endpoint.gpu?.excludedTypes?.length ?? 0) > 0 ? ` without ${endpoint.gpu?.excludedTypes?.join(', ')}` : ''}`],
			['CUDA', (endpoint.gpu?.allowedCudaVersions ?? []).join(', ')],
			['Data centres', (endpoint.dataCenterIds?.length ?? 0) === 0 ? 'all' : (endpoint.dataCenterIds?.join(', ') ?? '')],
			['Workers', `${workers?.min ?? 0} to ${workers?.max ?? 0}${workers?.idleTimeout === undefined ? '' : `, idle ones stop after ${workers.idleTimeout} s`}`],
			['Scales', scales],
			['Job limits', `runs at most ${ms('timeout')}, ends at most ${ms('ttl')} after its submission`],
			['FlashBoot', text('flashboot') === 'OFF' ? '' : text('flashboot')],
			['Model', text('model')],
			['Environment', Object.keys((endpoint['env'] as object | undefined) ?? {}).join(', ')],
			['Run', (endpoint['requestUrls'] as { run?: string } | undefined)?.run ?? ''],
		],
		width,
		style,
	);
}
