/** What an operator's catalogue may not change: what placement in every region already knows of types, pools and flavours. */
import type { Catalog } from './catalog.ts';
import { DEFAULT_CATALOG } from './data.ts';

/** Problems of a catalogue that is to replace the one that comes with the edge, each with the field and what to do. */
export function problemsOfReplacement(next: Catalog): string[] {
	const problems = next.gpus.flatMap(({ id, pool }, at) => {
		const shipped = DEFAULT_CATALOG.gpus.find((gpu) => gpu.id === id);
		const expected = shipped?.pool ?? null;
		if (pool === expected) return [];
		return [
			shipped === undefined
				? `gpus.${at}.pool: ${id} is a type of your own and belongs to no pool: set pool to null, endpoints name it in gpu.types`
				: `gpus.${at}.pool: ${id} belongs to ${expected ?? 'no pool'} in every region: set pool to ${JSON.stringify(expected)}`,
		];
	});
	next.cpus.forEach(({ id, ramGbPerVcpu }, at) => {
		const shipped = DEFAULT_CATALOG.cpus.find((cpu) => cpu.id === id);
		if (shipped === undefined) problems.push(`cpus.${at}.id: ${id} is not a flavour: choose among ${DEFAULT_CATALOG.cpus.map((cpu) => cpu.id).join(', ')}`);
		else if (shipped.ramGbPerVcpu !== ramGbPerVcpu) problems.push(`cpus.${at}.ramGbPerVcpu: ${id} has ${shipped.ramGbPerVcpu} GB a vCPU: keep that`);
	});
	return problems;
}
