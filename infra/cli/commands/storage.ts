/** `longshore volume`, `longshore registry` and `longshore secret`: what endpoints refer to. Passwords and values come from a prompt or a pipe. */
import type { Command } from 'commander';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { formatBytes } from '../terminal/bytes.ts';
import { formatAge } from '../terminal/duration.ts';
import { UsageError } from '../usage-error.ts';
import { integer } from './endpoint-spec.ts';
import { readSecret } from './login.ts';
import { findReference, listReferences, REGISTRIES, SECRETS, VOLUMES } from './references.ts';
import { addResourceVerbs, column, factLines, type Shown } from './resource.ts';

const GROUP = 'Resources:';

export function addStorage(program: Command): void {
	addVolume(program);
	addRegistry(program);
	addSecret(program);
}

function addVolume(program: Command): void {
	const volume = define(program, 'volume', 'Network volumes: storage in one data centre', [['longshore volume create models --size 100 --data-center EU-RO-1', '100 GB']])
		.alias('volumes')
		.helpGroup(GROUP);
	define(volume, 'create <name>', 'Make a volume')
		.requiredOption('--size <gb>', 'size in GB; it can only grow')
		.requiredOption('--data-center <id>', 'where it lies')
		.option('--type <type>', 'STANDARD or HIGH_PERFORMANCE')
		.action(withSession(createVolume));
	define(volume, 'update <volume>', 'Rename or grow a volume').option('--size <gb>', 'new size in GB').option('--name <name>', 'new name').action(withSession(updateVolume));
	addResourceVerbs(volume, {
		reference: VOLUMES,
		createCommand: 'longshore volume create models --size 100 --data-center EU-RO-1',
		deletes: ' with everything on it',
		columns: ({ terminal: { style } }) => [
			column('NAME', 'name', { paint: style.bold }),
			column('ID', 'id'),
			column('GB', 'size', { align: 'right' }),
			{ title: 'USED', value: usedOf, align: 'right' },
			column('DATA CENTRE', 'dataCenter'),
			column('TYPE', 'type', { drop: 1 }),
		],
	});
}

/** What a host has measured, and how long ago. */
function usedOf({ usedBytes, usedAt }: Shown): string {
	return typeof usedBytes === 'number' ? `${formatBytes(usedBytes)}, ${formatAge(usedAt, Date.now())}` : '-';
}

async function createVolume(session: Session, name: string, flags: { readonly size: string; readonly dataCenter: string; readonly type?: string }): Promise<void> {
	const body = { name, size: integer(flags.size, '--size'), dataCenter: flags.dataCenter, ...(flags.type === undefined ? {} : { type: flags.type }) };
	const made = await session.edge().call('POST', '/v2/network-volumes', { body });
	session.show(made, () => factLines(session, made));
	session.done(`volume ${name} made (${String(made['id'])})`, [`longshore endpoint update <endpoint> --volume ${name}`]);
}

async function updateVolume(session: Session, nameOrId: string, flags: { readonly size?: string; readonly name?: string }): Promise<void> {
	if (flags.size === undefined && flags.name === undefined) throw new UsageError('nothing to change: give --size or --name');
	const { id } = await findReference(session, VOLUMES, nameOrId);
	const body = { ...(flags.name === undefined ? {} : { name: flags.name }), ...(flags.size === undefined ? {} : { size: integer(flags.size, '--size') }) };
	const after = await session.edge().call('PATCH', `/v2/network-volumes/${String(id)}`, { body });
	session.show(after, () => factLines(session, after));
	session.done(`volume ${String(after['name'])} changed`);
}

function addRegistry(program: Command): void {
	const registry = define(program, 'registry', 'Credentials for container registries, write-only', [
		['longshore registry create ghcr --username robot < password.txt', 'the password from a pipe'],
	]).helpGroup(GROUP);
	define(registry, 'create <name>', 'Store one; the password is asked for or piped in')
		.requiredOption('--username <name>', 'user name at the registry')
		.action(withSession(createRegistry));
	addResourceVerbs(registry, {
		reference: REGISTRIES,
		createCommand: 'longshore registry create <name> --username <user>',
		deletes: '',
		columns: ({ terminal: { style } }) => [column('NAME', 'name', { paint: style.bold }), column('ID', 'id')],
	});
}

async function createRegistry(session: Session, name: string, { username }: { readonly username: string }): Promise<void> {
	const password = await readSecret(session, `password of ${username}`);
	const made = await session.edge().call('POST', '/v2/registries', { body: { name, username, password } });
	session.show(made, () => factLines(session, made));
	session.done(`registry credential ${name} stored (${String(made['id'])})`, [`longshore endpoint update <endpoint> --registry ${name}`]);
}

function addSecret(program: Command): void {
	const secret = define(program, 'secret', 'Secrets for environment variables, write-only', [
		['longshore secret set HF_TOKEN < token.txt', 'make it or give it a new value'],
		[`longshore endpoint update embed --env 'HF_TOKEN={{ secret.HF_TOKEN }}'`, 'workers get the value'],
	])
		.alias('secrets')
		.helpGroup(GROUP);
	define(secret, 'set <name>', 'Store a value; it is asked for or piped in').option('--description <text>', 'what it is for').action(withSession(setSecret));
	addResourceVerbs(secret, {
		reference: SECRETS,
		createCommand: 'longshore secret set <NAME> < value.txt',
		deletes: '',
		columns: ({ terminal: { style } }) => [
			column('NAME', 'name', { paint: style.bold }),
			column('ID', 'id'),
			{ title: 'VALUE SET', value: (row) => formatAge(row['valueLastUpdatedAt'], Date.now()) },
			column('DESCRIPTION', 'description', { cut: true, drop: 1 }),
		],
	});
}

async function setSecret(session: Session, name: string, flags: { readonly description?: string }): Promise<void> {
	const known = (await listReferences(session, SECRETS)).find((one) => one['name'] === name);
	const value = await readSecret(session, `value of ${name}`, 'any text');
	const more = flags.description === undefined ? {} : { description: flags.description };
	const kept =
		known === undefined
			? await session.edge().call('POST', '/v2/secrets', { body: { name, value, ...more } })
			: await session.edge().call('PATCH', `/v2/secrets/${String(known['id'])}`, { body: { value, ...more } });
	session.show(kept, () => factLines(session, kept));
	session.done(`secret ${name} ${known === undefined ? 'stored' : 'has a new value'}; nobody can read it back`, [
		`longshore endpoint update <endpoint> --env '${name}={{ secret.${name} }}'`,
	]);
}
