/** What `npm start` prints when the stack serves. */
import { poolOfGpuType } from '@longshore/shared-schema/catalog/gpus';
import type { Topology } from '@longshore/shared-schema/wire/topology';

/** Everything a person needs for a first job. */
export interface Summary {
	readonly url: string;
	readonly apiKey: string;
	readonly home: string;
	readonly seconds: number;
	readonly topology: Topology;
	/** Set when the edge runs under `wrangler dev`. */
	readonly edgeLog: string | undefined;
	readonly example: { readonly name: string; readonly id: string; readonly description: string; readonly input: unknown } | undefined;
}

/** Lines for a terminal; the `curl` line works as pasted. */
export function renderSummary(summary: Summary): string {
	const lines = [
		'',
		`Longshore is ready (${summary.seconds.toFixed(1)} s).`,
		'',
		...table(hostRows(summary.topology)),
		'',
		`  API      ${summary.url}`,
		`  API docs ${summary.url}/docs`,
		`  API key  ${summary.apiKey}`,
		`  State    ${summary.home} (local.json, logs/)`,
	];
	if (summary.edgeLog !== undefined) lines.push(`  Edge     reloads when edge/ or shared-schema/ changes; its log: ${summary.edgeLog}`);
	const { example } = summary;
	if (example !== undefined) {
		lines.push('', `  Endpoint ${example.name} (${example.description}). Try it:`, '', curlLine(summary.url, example.id, summary.apiKey, example.input));
	}
	lines.push('', 'Ctrl-C stops everything.', '');
	return `${lines.join('\n')}\n`;
}

function curlLine(url: string, endpointId: string, apiKey: string, input: unknown): string {
	const body = JSON.stringify({ input }).replaceAll("'", "'\\''");
	return `curl -s ${url}/v2/${endpointId}/runsync -H 'Authorization: Bearer ${apiKey}' -H 'Content-Type: application/json' -d '${body}'`;
}

function hostRows(topology: Topology): string[][] {
	const rows = [['region', 'data centre', 'host', 'declared GPUs', 'pool']];
	for (const [regionId, region] of Object.entries(topology.regions)) {
		for (const [centerId, center] of Object.entries(region.dataCenters)) {
			for (const [hostId, gpus] of Object.entries(center.hosts)) rows.push([regionId, centerId, hostId, `${gpus.count} × ${gpus.gpuType}`, poolOfGpuType(gpus.gpuType)?.id ?? '-']);
		}
	}
	return rows;
}

function table(rows: readonly (readonly string[])[]): string[] {
	const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
	return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}
