/** Changes of an account's resources, with what each kind forbids: names taken, volumes that shrink, things that an endpoint uses. */
import type { Template } from '@longshore/shared-schema/account/template';
import { problemOfGrowth, type Volume } from '@longshore/shared-schema/account/volume';
import { ACCOUNT_THINGS_MAX } from '@longshore/shared-schema/limits';
import type { ResourceKind, ResourceRefusal, ResourceRow, ResourceTable } from './resource-table.ts';

/** The resource as it is (or was, when removed), or why nothing changed: `detail` says it in words, with the fix. */
export type ResourceAnswer = { readonly row: ResourceRow } | { readonly refused: 'unknown' | 'conflict' | 'invalid'; readonly detail: string };

/** Users named in a refusal; the rest is a number. */
const USERS_NAMED_MAX = 5;

export function insertResource(table: ResourceTable, kind: ResourceKind, id: string, name: string, body: string, now: number): ResourceAnswer {
	return answerOf(kind, name, table.insert(kind, id, name, body, now));
}

/** `change` is JSON of the members that change; the others stay. */
export function changeResource(table: ResourceTable, kind: ResourceKind, id: string, name: string | undefined, change: string, now: number): ResourceAnswer {
	const old = table.find(kind, id);
	if (old === null) return unknown(kind);
	const body = { ...(JSON.parse(old.body) as object), ...(JSON.parse(change) as object) };
	const problem = kind === 'volume' ? problemOfGrowth(JSON.parse(old.body) as Volume, (body as Volume).sizeGb) : null;
	if (problem !== null) return { refused: 'invalid', detail: problem };
	return answerOf(kind, name ?? old.name, table.update(kind, old, name ?? old.name, JSON.stringify(body), now));
}

/** Removes a resource that no endpoint uses. Templates lose a credential that goes, as RunPod's do. */
export function removeResource(table: ResourceTable, kind: ResourceKind, id: string, now: number): ResourceAnswer {
	const old = table.find(kind, id);
	if (old === null) return unknown(kind);
	const users = table.usersOf(id);
	if (users.length > 0) {
		const more = users.length > USERS_NAMED_MAX ? ` and ${users.length - USERS_NAMED_MAX} more` : '';
		return { refused: 'conflict', detail: `${kind} is in use by endpoint ${users.slice(0, USERS_NAMED_MAX).join(', ')}${more}: change or delete what uses it first` };
	}
	table.remove(id);
	if (kind === 'registry') forgetRegistry(table, id, now);
	return { row: old };
}

function forgetRegistry(table: ResourceTable, id: string, now: number): void {
	for (const row of table.list('template')) {
		const template = JSON.parse(row.body) as Template;
		if (template.registryId === id) table.update('template', row, row.name, JSON.stringify({ ...template, registryId: null }), now);
	}
}

function answerOf(kind: ResourceKind, name: string, outcome: ResourceRow | ResourceRefusal): ResourceAnswer {
	if (outcome === 'full') return { refused: 'conflict', detail: `an account has at most ${ACCOUNT_THINGS_MAX[kind]} of these: delete one first` };
	if (outcome === 'name_taken') return { refused: 'conflict', detail: `name: there is already a ${kind} named ${name}: choose another name` };
	return { row: outcome };
}

function unknown(kind: ResourceKind): ResourceAnswer {
	return { refused: 'unknown', detail: `${kind} not found` };
}
