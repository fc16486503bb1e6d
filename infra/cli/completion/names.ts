/** Names that only the installation knows: endpoints, hosts, pools, contexts. Quick, or nothing: nobody waits for a tab. */
import { GPU_POOLS } from '@longshore/shared-schema/catalog/gpus';
import { createClient } from '../api/client.ts';
import { configPath, readConfig } from '../context/config-file.ts';
import { LOCAL, resolveContext } from '../context/resolve.ts';
import type { Candidate } from './complete.ts';

const TIMEOUT_MS = 1_000;

/** Candidates for an argument (`endpoint`) or an option's value (`--pool`); none where the installation does not answer in time. */
export async function namesFor(what: string): Promise<readonly Candidate[]> {
	if (what === '--pool') return GPU_POOLS.map(({ id, memoryGb }) => ({ word: id, about: `${memoryGb} GB` }));
	if (what === '--context' || what === 'context') return contextNames();
	try {
		if (what === 'endpoint') return await listed('/v2/serverless', 'endpoints', 'key');
		if (what === 'host' || what === '--region' || what === 'region') return await operatorNames(what);
	} catch {
		// A completion never complains.
	}
	return [];
}

function contextNames(): Candidate[] {
	const { contexts } = readConfig(configPath(process.env));
	return [...new Set([...Object.keys(contexts), LOCAL])].map((word) => ({ word, about: contexts[word]?.url ?? 'the local stack' }));
}

async function listed(path: string, member: string, secret: 'key' | 'operator'): Promise<Candidate[]> {
	const { url, apiKey, operatorToken } = resolveContext({ flag: undefined, env: process.env, cwd: process.cwd() });
	const token = secret === 'key' ? apiKey : operatorToken;
	if (token === undefined) return [];
	const answer = await createClient(url, token, 'the edge', '').call('GET', path, { timeoutMs: TIMEOUT_MS });
	const rows = (answer[member] ?? []) as { readonly id: string; readonly name?: string; readonly hosts?: readonly { readonly id: string }[] }[];
	return rows.map(({ id, name }) => ({ word: name ?? id, about: name === undefined ? '' : id }));
}

async function operatorNames(what: string): Promise<Candidate[]> {
	if (what !== 'host') return listed('/admin/regions', 'regions', 'operator');
	const { url, operatorToken } = resolveContext({ flag: undefined, env: process.env, cwd: process.cwd() });
	if (operatorToken === undefined) return [];
	const { regions } = await createClient(url, operatorToken, 'the edge', '').call('GET', '/admin/regions', { timeoutMs: TIMEOUT_MS });
	return (regions as { id: string; hosts: { id: string; gpuType: string }[] }[]).flatMap((region) =>
		region.hosts.map(({ id, gpuType }) => ({ word: id, about: `${region.id}, ${gpuType}` })),
	);
}
