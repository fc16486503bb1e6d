/** `longshore catalog gpus|cpus|datacenters`: what endpoints may ask for, what it costs, and where it is. */
import type { Command } from 'commander';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { type Column, renderTable } from '../terminal/table.ts';

interface Place {
	readonly id: string;
	readonly availability: string;
}
interface Gpu {
	readonly id: string;
	readonly pool: string | null;
	readonly memory: number;
	readonly secure: boolean;
	readonly flexPerSecond: number | null;
	readonly activePerSecond: number | null;
	readonly availability?: string;
	readonly dataCenters?: readonly Place[];
}
interface Cpu {
	readonly id: string;
	readonly name: string;
	readonly vcpu: { readonly min: number; readonly max: number };
	readonly ramGbPerVcpu: number;
	readonly price: { readonly serverlessPerVcpu: number | null };
}
interface DataCenter {
	readonly id: string;
	readonly name: string;
	readonly region: string;
	readonly served: boolean;
	readonly gpuAvailability?: readonly Place[];
}

export function addCatalog(program: Command): void {
	const catalog = define(program, 'catalog', 'GPU pools and types, CPU flavours, data centres', [
		['longshore catalog gpus', 'what is here, with prices'],
		['longshore catalog gpus --all', 'every type that is known'],
	]).helpGroup('Resources:');
	define(catalog, 'gpus', 'GPU types by pool, with prices and how free they are').option('--all', 'also types that no host here has').action(withSession(gpus));
	define(catalog, 'cpus', 'CPU flavours').action(withSession(cpus));
	define(catalog, 'datacenters', 'Data centres').option('--all', 'also those without hosts').action(withSession(dataCenters));
}

async function gpus(session: Session, { all }: { readonly all?: boolean }): Promise<void> {
	const answer = await session.edge().call('GET', '/v2/catalog/gpus?include=AVAILABILITY&product=SERVERLESS');
	const rows = (answer['gpus'] as Gpu[]).filter(({ secure }) => all === true || secure).sort((a, b) => (a.flexPerSecond ?? 1) - (b.flexPerSecond ?? 1) || a.memory - b.memory);
	const price = (value: number | null): string => (value === null ? '' : value.toFixed(5));
	table(session, { ...answer, gpus: rows }, rows, [
		{ title: 'POOL', value: ({ pool }) => pool ?? '-' },
		{ title: 'GPU TYPE', value: ({ id }) => id, cut: true },
		{ title: 'GB', value: ({ memory }) => String(memory), align: 'right' },
		{ title: 'FLEX $/S', value: ({ flexPerSecond }) => price(flexPerSecond), align: 'right' },
		{ title: 'ACTIVE $/S', value: ({ activePerSecond }) => price(activePerSecond), align: 'right', drop: 1 },
		{ title: 'FREE', value: ({ secure, availability }) => (secure ? (availability ?? '').toLowerCase() : '-') },
		{ title: 'DATA CENTRES', value: ({ dataCenters }) => (dataCenters ?? []).map(({ id }) => id).join(', '), cut: true, drop: 2 },
	]);
	session.terminal.say(session.terminal.talkStyle.dim(`Prices of ${String(answer['date'])}: ${String(answer['source'])}`));
}

async function cpus(session: Session): Promise<void> {
	const answer = await session.edge().call('GET', '/v2/catalog/cpus');
	table(session, answer, answer['cpus'] as Cpu[], [
		{ title: 'FLAVOUR', value: ({ id }) => id },
		{ title: 'NAME', value: ({ name }) => name, cut: true },
		{ title: 'VCPUS', value: ({ vcpu }) => `${vcpu.min}–${vcpu.max}`, align: 'right' },
		{ title: 'GB/VCPU', value: ({ ramGbPerVcpu }) => String(ramGbPerVcpu), align: 'right' },
		{ title: '$/H PER VCPU', value: ({ price }) => String(price.serverlessPerVcpu ?? ''), align: 'right' },
	]);
}

async function dataCenters(session: Session, { all }: { readonly all?: boolean }): Promise<void> {
	const answer = await session.edge().call('GET', '/v2/catalog/datacenters?include=GPU_AVAILABILITY');
	const rows = (answer['dataCenters'] as DataCenter[]).filter(({ served }) => all === true || served);
	table(session, { ...answer, dataCenters: rows }, rows, [
		{ title: 'DATA CENTRE', value: ({ id }) => id },
		{ title: 'NAME', value: ({ name }) => name, cut: true, drop: 1 },
		{ title: 'CONTINENT', value: ({ region }) => region.toLowerCase().replaceAll('_', ' '), drop: 2 },
		{ title: 'HOSTS', value: ({ served }) => (served ? 'yes' : '-') },
		{ title: 'GPUS', value: ({ gpuAvailability }) => (gpuAvailability ?? []).map(({ id, availability }) => `${id} (${availability.toLowerCase()})`).join(', '), cut: true },
	]);
}

function table<T>(session: Session, data: unknown, rows: readonly T[], columns: readonly Column<T>[]): void {
	session.show(data, () => renderTable(columns, rows, session.terminal.width, session.terminal.style));
}
