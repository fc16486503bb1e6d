/** Looks into the SQLite files of Durable Objects from outside, on copies, while workerd runs. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Edge } from './start-edge.ts';

/** Paths of all objects' database files, or those of one class. */
export function databaseFiles(edge: Edge, className = ''): string[] {
	return readdirSync(edge.dataDir, { recursive: true, encoding: 'utf8' })
		.filter((path) => path.endsWith('.sqlite') && path.startsWith(className))
		.map((path) => join(edge.dataDir, path));
}

/** Rows of a query over all objects of a class that have the table. */
export function readRows(edge: Edge, className: string, table: string, query: string): Record<string, unknown>[] {
	const directory = mkdtempSync(join(tmpdir(), 'longshore-rows-'));
	try {
		return databaseFiles(edge, className).flatMap((file) => {
			const copy = join(directory, basename(file));
			for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
			const database = new DatabaseSync(copy);
			try {
				const known = database.prepare('SELECT name FROM sqlite_master WHERE name = ?').get(table);
				return known === undefined ? [] : database.prepare(query).all();
			} finally {
				database.close();
			}
		});
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
}
