/** Measures what a stack holds: memory and descriptors of its processes, messages in its streams, files below its home. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { measureProcess } from '../../support/processes.ts';
import type { EventOf } from '../history/event.ts';
import type { RegionBus } from './region-bus.ts';
import type { StackUnderTest } from './stack-under-test.ts';

/** Workers are not counted: they come and go. */
export async function measureFootprint(stack: StackUnderTest, buses: ReadonlyMap<string, RegionBus>, when: 'start' | 'end'): Promise<EventOf<'footprint'>> {
	const { edge, brokers, nats, hosts } = stack.local().pids;
	const pids = [edge, ...Object.values(brokers), ...Object.values(nats), ...Object.values(hosts)].flatMap((pid) => pid ?? []);
	let messages = 0;
	for (const bus of buses.values()) {
		const manager = await bus.manager();
		for (const stream of await manager.streams.list().next()) messages += stream.state.messages;
	}
	return {
		is: 'footprint',
		at: Date.now(),
		when,
		residentBytes: pids.reduce((sum, pid) => sum + (measureProcess(pid)?.residentBytes ?? 0), 0),
		descriptors: pids.reduce((sum, pid) => sum + countEntries(`/proc/${pid}/fd`), 0),
		messages,
		files: ['edge/data', 'hosts'].reduce((sum, folder) => sum + countFiles(join(stack.home, folder)), 0),
	};
}

function countEntries(folder: string): number {
	try {
		return readdirSync(folder).length;
	} catch {
		return 0; // Gone meanwhile.
	}
}

/** Workers' logs are kept for a day, and not counted. */
function countFiles(folder: string): number {
	return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && !entry.parentPath.includes('/logs')).length;
}
