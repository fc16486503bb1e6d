/** `longshore key`: API keys of the account. A new key's text goes to stdout, once. */
import type { Command } from 'commander';
import { endpointIdOf } from '../api/endpoints.ts';
import { confirmByName } from '../ask/confirm.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { formatAge, parseDurationMs } from '../terminal/duration.ts';
import { UsageError } from '../usage-error.ts';
import { findReference, KEYS } from './references.ts';
import { addResourceVerbs, column, factLines, type Shown } from './resource.ts';

interface KeyFlags {
	readonly name?: string;
	readonly can?: readonly string[];
	readonly endpoint?: readonly string[];
	readonly allEndpoints?: boolean;
	readonly expires?: string;
}

const list = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), ...value.split(',').map((one) => one.trim())];

export function addKey(program: Command): void {
	const key = define(program, 'key', 'API keys: who may do what, until when', [
		['longshore key create ci --can read,run --endpoint embed --expires 90d > key.txt', 'one endpoint, 90 days'],
		['longshore key list', 'and when each was last used'],
		['longshore key delete ci', 'revoked everywhere within 10 s'],
	])
		.alias('keys')
		.helpGroup('Resources:');
	define(key, 'create <name>', 'Make a key; it is shown once, on stdout')
		.requiredOption('--can <permissions>', 'read, run, manage', list)
		.option('--endpoint <endpoints>', 'only these endpoints (ids or names)', list)
		.option('--expires <duration>', 'ends after this: 24h, 90d')
		.action(withSession(create));
	define(key, 'update <key>', "Change a key's permissions, endpoints, end or name")
		.option('--can <permissions>', 'read, run, manage', list)
		.option('--endpoint <endpoints>', 'only these endpoints (ids or names)', list)
		.option('--all-endpoints', 'all endpoints, those of the future too')
		.option('--expires <duration>', 'ends after this, or "never"')
		.option('--name <name>', 'new name')
		.action(withSession(update));
	addResourceVerbs(key, {
		reference: KEYS,
		createCommand: 'longshore key create ci --can read,run',
		deletes: ': what uses it stops within 10 s',
		columns: ({ terminal: { style } }) => [
			column('NAME', 'name', { paint: style.bold }),
			column('ID', 'id'),
			column('MAY', 'permissions'),
			{ title: 'ENDPOINTS', value: (row) => (Array.isArray(row['endpointIds']) ? row['endpointIds'].join(', ') : 'all'), cut: true },
			{ title: 'LAST USED', value: (row) => formatAge(row['lastUsedAt'], Date.now()) || 'never', drop: 1 },
			{ title: 'ENDS', value: endOf },
		],
	});
}

function endOf(row: Shown): string {
	const at = row['expiresAt'];
	return typeof at === 'string' ? at.slice(0, 16).replace('T', ' ') : 'never';
}

async function create(session: Session, name: string, flags: KeyFlags): Promise<void> {
	const made = await session.edge().call('POST', '/v2/keys', { body: { name, ...(await bodyOf(session, flags)) } });
	session.show(made, () => [String(made['key'])]);
	session.done(`key ${name} made (${String(made['id'])}); its text above is shown only now`, ['longshore key list']);
}

async function update(session: Session, nameOrId: string, flags: KeyFlags): Promise<void> {
	const body = await bodyOf(session, flags);
	if (Object.keys(body).length === 0) throw new UsageError('nothing to change: give --can, --endpoint, --all-endpoints, --expires or --name');
	const { id } = await findReference(session, KEYS, nameOrId);
	const after = await session.edge().call('PATCH', `/v2/keys/${String(id)}`, { body });
	session.show(after, () => factLines(session, after));
	session.done(`key ${String(after['name'])} changed; seen everywhere within 10 s`);
}

async function bodyOf(session: Session, { name, can, endpoint, allEndpoints, expires }: KeyFlags): Promise<Record<string, unknown>> {
	if (endpoint !== undefined && allEndpoints === true) throw new UsageError('--endpoint and --all-endpoints cannot be given together');
	const never = expires === 'never';
	return {
		...(name === undefined ? {} : { name }),
		...(can === undefined ? {} : { permissions: can }),
		...(endpoint === undefined ? {} : { endpointIds: await Promise.all(endpoint.map((one) => endpointIdOf(session, one))) }),
		...(allEndpoints === true ? { endpointIds: null } : {}),
		...(expires === undefined ? {} : { expiresAt: never ? null : new Date(Date.now() + parseDurationMs(expires, '--expires')).toISOString() }),
	};
}

export function addAccount(program: Command): void {
	const account = define(program, 'account', "Accounts: made and ended by the operator's token", [['longshore account create team-a > key.txt', 'its first key, on stdout, once']])
		.alias('accounts')
		.helpGroup('Operators:');
	define(account, 'create <name>', 'Make an account; its first key is shown once, on stdout').action(withSession(createAccount));
	define(account, 'list', 'All accounts').alias('ls').action(withSession(listAccounts));
	define(account, 'suspend <account>', 'Its keys open nothing from now on').action(withSession((session: Session, id: string) => suspend(session, id, true)));
	define(account, 'resume <account>', 'Its keys work again').action(withSession((session: Session, id: string) => suspend(session, id, false)));
	define(account, 'delete <account>', 'Delete an account with its keys, endpoints and jobs').alias('rm').option('-y, --yes', 'do not ask').action(withSession(deleteAccount));
}

async function createAccount(session: Session, name: string): Promise<void> {
	const made = await session.operator().call('POST', '/admin/accounts', { body: { name } });
	session.show(made, () => [String(made['apiKey'])]);
	session.done(`account ${name} made (${String(made['id'])}); its first key above is shown only now`, ['LONGSHORE_API_KEY=$(cat key.txt) longshore endpoint list']);
}

/** All pages. */
async function allAccounts(session: Session): Promise<Shown[]> {
	const accounts: Shown[] = [];
	for (let after = ''; ; ) {
		const page = await session.operator().call('GET', `/admin/accounts${after === '' ? '' : `?after=${after}`}`);
		accounts.push(...(page['accounts'] as Shown[]));
		if (typeof page['next'] !== 'string') return accounts;
		after = page['next'];
	}
}

async function listAccounts(session: Session): Promise<void> {
	const { renderTable } = await import('../terminal/table.ts');
	const accounts = await allAccounts(session);
	const { style, width } = session.terminal;
	const columns = [
		column('NAME', 'name', { paint: style.bold }),
		column('ID', 'id'),
		column('KEYS', 'keys', { align: 'right' }),
		column('ENDPOINTS', 'endpoints', { align: 'right' }),
		{ title: 'STATE', value: (row: Shown) => (row['suspendedAt'] === null ? 'open' : 'suspended') },
		{ title: 'MADE', value: (row: Shown) => formatAge(row['createdAt'], Date.now()) },
	];
	session.show({ accounts }, () => renderTable(columns, accounts, width, style));
}

async function suspend(session: Session, nameOrId: string, suspended: boolean): Promise<void> {
	const { id, name } = await findAccount(session, nameOrId);
	const after = await session.operator().call('PATCH', `/admin/accounts/${id}`, { body: { suspended } });
	session.show(after, () => factLines(session, after));
	session.done(`account ${name} (${id}) is ${suspended ? 'suspended: its keys open nothing' : 'open again'}; seen everywhere within 10 s`);
}

async function deleteAccount(session: Session, nameOrId: string, { yes }: { readonly yes?: boolean }): Promise<void> {
	const { id, name } = await findAccount(session, nameOrId);
	await confirmByName(session, { what: `account ${name} (${id}) with its keys, endpoints and jobs`, name, yes });
	await session.operator().call('DELETE', `/admin/accounts/${id}`);
	session.done(`account ${name} (${id}) deleted`, ['longshore account list']);
}

async function findAccount(session: Session, nameOrId: string): Promise<{ id: string; name: string }> {
	const { pickByName } = await import('./references.ts');
	const found = pickByName(await allAccounts(session), 'account', nameOrId, 'longshore account list');
	return { id: String(found['id']), name: String(found['name']) };
}
