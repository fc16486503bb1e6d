/** Checks of this command, its context, the edge and the keys. */
import { createClient } from '../api/client.ts';
import { configPath, isReadableByOthers } from '../context/config-file.ts';
import { Failure } from '../failure.ts';
import type { Session } from '../session.ts';
import type { Finding } from './finding.ts';

/** Node that the repository is written for. */
const NODE_MAJOR = 24;
const SLOW_EDGE_MS = 1_000;

export async function checkNode(): Promise<Finding[]> {
	const major = Number(process.versions.node.split('.')[0]);
	const text = `${process.versions.node} runs this command`;
	if (major >= NODE_MAJOR) return [{ name: 'Node', result: 'ok', text }];
	return [{ name: 'Node', result: 'warn', text: `${text}; the project is tested on ${NODE_MAJOR}`, fix: 'npm ci    (brings the right one where npm has it for this machine)' }];
}

export async function checkContext(session: Session): Promise<Finding[]> {
	const findings: Finding[] = [];
	try {
		const { name, url, from } = session.context;
		findings.push({ name: 'Context', result: 'ok', text: `${name}: ${url} (chosen by ${from})` });
	} catch (error) {
		findings.push(asFinding('Context', error));
	}
	const path = configPath(session.terminal.env);
	if (isReadableByOthers(path) === true)
		findings.push({ name: 'Configuration', result: 'fail', text: `${path} holds keys and others on this machine can read it`, fix: `chmod 600 ${path}` });
	return findings;
}

export async function checkEdge(session: Session): Promise<Finding[]> {
	const url = urlOf(session);
	if (url === null) return [];
	const startedMs = performance.now();
	try {
		const response = await fetch(`${url}/v2/serverless`, { signal: AbortSignal.timeout(10_000), redirect: 'manual' });
		const tookMs = Math.round(performance.now() - startedMs);
		await response.body?.cancel();
		if (response.status !== 401)
			return [
				{
					name: 'Edge',
					result: 'fail',
					text: `${url} answers ${response.status} where a Longshore asks for a key`,
					fix: "Is the URL the edge's own, without /v2? longshore context add <name> --url <url>",
				},
			];
		if (tookMs > SLOW_EDGE_MS)
			return [{ name: 'Edge', result: 'warn', text: `${url} answers, but after ${tookMs} ms`, fix: "Look at the edge's load, and at the network between here and there." }];
		return [{ name: 'Edge', result: 'ok', text: `${url} answers in ${tookMs} ms` }];
	} catch {
		const local = session.context.local !== null;
		return [
			{
				name: 'Edge',
				result: 'fail',
				text: `nobody answers at ${url}`,
				fix: local ? 'npm start    (in the Longshore checkout)' : 'Start the edge, or mend the URL: longshore context add <name> --url <url>',
			},
		];
	}
}

export async function checkKey(session: Session): Promise<Finding[]> {
	if (urlOf(session) === null) return [];
	const { apiKey, keyFrom } = session.context;
	if (apiKey === undefined) return [{ name: 'API key', result: 'warn', text: 'none: endpoints and jobs cannot be used', fix: 'longshore login' }];
	try {
		await session.edge().call('GET', '/v2/serverless', { timeoutMs: 10_000 });
		return [{ name: 'API key', result: 'ok', text: `valid, from ${keyFrom}` }];
	} catch (error) {
		return [asFinding('API key', error)];
	}
}

export async function checkOperator(session: Session): Promise<Finding[]> {
	if (urlOf(session) === null) return [];
	const { url, operatorToken } = session.context;
	if (operatorToken === undefined) return [{ name: 'Operator', result: 'skip', text: 'no token: regions and hosts are not looked at (longshore login --operator)' }];
	try {
		await createClient(url, operatorToken, 'the edge', 'longshore login --operator').call('GET', '/admin/regions', { timeoutMs: 10_000 });
		return [{ name: 'Operator', result: 'ok', text: 'token valid' }];
	} catch (error) {
		return [asFinding('Operator', error)];
	}
}

/** The context's URL, or null when there is no context: said by its own check. */
export function urlOf(session: Session): string | null {
	try {
		return session.context.url;
	} catch {
		return null;
	}
}

/** A failure as what a check found. */
export function asFinding(name: string, error: unknown): Finding {
	if (!(error instanceof Error)) throw error;
	const fix = 'fix' in error && typeof error.fix === 'string' ? error.fix : undefined;
	if (!(error instanceof Failure) && fix === undefined) throw error;
	return { name, result: 'fail', text: error.message, ...(fix === undefined ? {} : { fix }) };
}
