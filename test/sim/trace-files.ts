/** Reads public traces from the folder that `LONGSHORE_TRACES` names: gzip-compressed CSV with a header line. Nothing of them is kept in the repository. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** One line by column name. */
export type TraceRow = (column: string) => string;

export interface TraceFolder {
	has(name: string): boolean;
	/** Throws when the file or, on its first use, a column is missing. */
	rows(name: string): TraceRow[];
}

/** `name` is the file's without `.csv.gz`. */
export function openTraces(folder: string): TraceFolder {
	const pathOf = (name: string): string => join(folder, `${name}.csv.gz`);
	return {
		has: (name) => existsSync(pathOf(name)),
		rows: (name) => parseCsv(name, gunzipSync(readFileSync(pathOf(name))).toString('utf8')),
	};
}

/** The published files quote nothing. */
export function parseCsv(name: string, text: string): TraceRow[] {
	const [header = '', ...lines] = text.split('\n').filter((line) => line !== '');
	const columns = new Map(header.split(',').map((column, index) => [column, index]));
	return lines.map((line) => {
		const cells = line.split(',');
		return (column) => {
			const index = columns.get(column);
			if (index === undefined) throw new Error(`trace ${name} has no column ${column}, only ${[...columns.keys()].join(', ')}`);
			return cells[index] ?? '';
		};
	});
}
