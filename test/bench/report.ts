/** One flat list of named figures: printed as a table, written as JSON, compared with an earlier run or a peer. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** One figure; `floor` or `ceiling` is what the project promises of it on two shared cores. */
export interface Figure {
	readonly name: string;
	readonly value: number;
	readonly unit: string;
	readonly better: 'higher' | 'lower';
	readonly floor?: number;
	readonly ceiling?: number;
}

export interface Report {
	readonly at: string;
	readonly commit: string;
	readonly machine: Readonly<Record<string, string | number>>;
	readonly figures: readonly Figure[];
	/** The same figures of others, measured in the same run. */
	readonly peers?: Readonly<Record<string, readonly Figure[]>>;
}

/** A table with the bound of each figure and, where there is one, its ratio to `other` (above 1: this run is better). */
export function formatTable(report: Report, other?: { readonly name: string; readonly figures: readonly Figure[] }): string {
	const rows = report.figures.map((figure) => [figure.name, formatValue(figure), formatBound(figure), formatRatio(figure, other?.figures)]);
	const header = ['figure', 'measured', 'bound', other === undefined ? '' : `vs ${other.name}`];
	const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
	const line = (cells: readonly string[]): string => cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ');
	return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].map((text) => text.trimEnd()).join('\n');
}

/** Figures that miss their floor or ceiling. */
export function missedBounds(report: Report): Figure[] {
	return report.figures.filter((figure) => !holds(figure));
}

export function writeReport(file: string, report: Report): void {
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, `${JSON.stringify(report, undefined, '\t')}\n`);
}

export function readReport(file: string): Report {
	return JSON.parse(readFileSync(file, 'utf8')) as Report;
}

function holds(figure: Figure): boolean {
	return figure.value >= (figure.floor ?? Number.NEGATIVE_INFINITY) && figure.value <= (figure.ceiling ?? Number.POSITIVE_INFINITY);
}

function formatValue(figure: Figure): string {
	const digits = figure.value >= 100 ? 0 : figure.value >= 1 ? 1 : 2;
	return `${figure.value.toFixed(digits)} ${figure.unit}`;
}

function formatBound(figure: Figure): string {
	const bound = figure.floor === undefined ? (figure.ceiling === undefined ? undefined : `≤ ${figure.ceiling}`) : `≥ ${figure.floor}`;
	return bound === undefined ? '' : `${bound} ${holds(figure) ? 'ok' : 'MISSED'}`;
}

function formatRatio(figure: Figure, others: readonly Figure[] | undefined): string {
	const other = others?.find((candidate) => candidate.name === figure.name);
	if (other === undefined || other.value === 0 || figure.value === 0) return '';
	const ratio = figure.better === 'higher' ? figure.value / other.value : other.value / figure.value;
	return `× ${ratio.toFixed(2)}`;
}
