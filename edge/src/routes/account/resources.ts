/** What templates, volumes, registry credentials and secrets have in common: lists, single ones, removal, and refusals in words. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { type Env, settingsOf } from '../../env.ts';
import { createCheckedId } from '../../ids/checked-id.ts';
import type { ResourceAnswer } from '../../stores/resource-changes.ts';
import type { ResourceKind, ResourceRow } from '../../stores/resource-table.ts';
import { type Account, enterAccount, noContent } from './enter.ts';

/** One kind of resource on one interface. */
export interface Noun {
	readonly kind: ResourceKind;
	/** A row as the interface shows it. */
	readonly show: (row: ResourceRow) => Record<string, unknown>;
	/** A list as the interface wraps it. */
	readonly wrap: (shown: readonly Record<string, unknown>[]) => unknown;
}

/** A kind whose interface shows what others have to be asked about: once the caller may see it. */
export type NounOf = Noun | ((env: Env) => Promise<Noun>);

export async function listResources(env: Env, request: Request, noun: NounOf): Promise<Response> {
	const { store } = await enterAccount(env, request, 'read');
	const { kind, show, wrap } = typeof noun === 'function' ? await noun(env) : noun;
	return Response.json(wrap((await store.listResources(kind)).map(show)));
}

export async function getResource(env: Env, request: Request, noun: NounOf, id: string): Promise<Response> {
	const { store } = await enterAccount(env, request, 'read');
	const { kind, show } = typeof noun === 'function' ? await noun(env) : noun;
	const row = await store.findResource(kind, id);
	if (row === null) throw new LongshoreError('unknown_resource', `${kind} not found`);
	return Response.json(show(row));
}

/** Removes it unless an endpoint uses it. */
export async function removeResource(env: Env, request: Request, { kind }: Pick<Noun, 'kind'>, id: string): Promise<Response> {
	const { store } = await enterAccount(env, request, 'manage');
	rowOf(await store.removeResource(kind, id));
	return noContent();
}

/** Adds one; the body is made when its id is known. */
export async function addResource(env: Env, { store }: Account, kind: ResourceKind, name: string, bodyOf: (id: string) => object): Promise<ResourceRow> {
	const id = createCheckedId(settingsOf(env).LONGSHORE_ID_KEY, kind);
	return rowOf(await store.insertResource(kind, id, name, JSON.stringify(bodyOf(id))));
}

/** Changes what `change` names. */
export async function alterResource({ store }: Account, kind: ResourceKind, id: string, name: string | undefined, change: object): Promise<ResourceRow> {
	return rowOf(await store.changeResource(kind, id, name, JSON.stringify(change)));
}

function rowOf(answer: ResourceAnswer): ResourceRow {
	if ('row' in answer) return answer.row;
	const code = { unknown: 'unknown_resource', conflict: 'conflict', invalid: 'unprocessable' } as const;
	throw new LongshoreError(code[answer.refused], answer.detail);
}
