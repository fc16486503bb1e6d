import { spawnSync } from 'node:child_process';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { examplesOf } from '../../../infra/cli/help.ts';
import { createProgram } from '../../../infra/cli/program.ts';
import { displayWidth } from '../../../infra/cli/terminal/style.ts';

const path = (command: Command): string => (command.parent === null ? command.name() : `${path(command.parent)} ${command.name()}`);
/** Every command that help shows, with those below it. */
const shown = (command: Command): Command[] => [command, ...command.createHelp().visibleCommands(command).flatMap(shown)];
const commands = shown(createProgram());

describe('help', () => {
	it('fits a terminal of 80 columns', () => {
		for (const command of commands) for (const line of command.helpInformation().split('\n')) expect(displayWidth(line), `${path(command)}: ${line}`).toBeLessThanOrEqual(80);
	});

	it('has one line for each command in the list of its siblings', () => {
		for (const parent of commands.filter((command) => command.commands.length > 0)) {
			const lines = parent.helpInformation().split('\n');
			for (const command of parent.createHelp().visibleCommands(parent))
				expect(
					lines.filter((line) => line.endsWith(` ${command.description()}`)),
					path(command),
				).toHaveLength(1);
		}
	});

	it('shows an example as it is typed, folded as a shell reads it', () => {
		for (const command of commands) {
			const text = command.helpInformation().replaceAll(' \\\n    ', ' ');
			for (const [line] of examplesOf(command)) expect(text, path(command)).toContain(`  ${line}`);
		}
	});

	it('gives examples of commands that are there, with flags that they take', () => {
		const lines = commands.flatMap((command) => examplesOf(command).map(([line]) => line.replace(/ [<>] \S+\.(txt|json)/, '')));
		// The shell splits them; what would run says its words instead, where no substitution takes them.
		const script = ['longshore() { printf "%s\\x1f" "$@" >&2; echo >&2; }', 'source() { :; }', ...lines].join('\n');
		const said = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
		const calls = said.stderr.trimEnd().split('\n');
		expect(calls).toHaveLength(lines.length);
		for (const call of calls) expectKnown(call.split('\x1f'));
	});

	it('says what a flag takes and what counts without it', () => {
		const cost = commands.find((command) => path(command) === 'longshore cost')?.helpInformation() ?? '';
		expect(cost.replace(/\s+/g, ' ')).toContain('size of the steps: hour, day, week, month or year (default: day)');
	});
});

function expectKnown(words: readonly string[]): void {
	const program = createProgram();
	let command = program;
	for (const word of words) {
		const option = /^--?[a-z][a-z-]*$/.test(word);
		if (option)
			expect(
				[...command.options, ...program.options].flatMap(({ long, short }) => [long, short]),
				words.join(' '),
			).toContain(word);
		else command = command.commands.find((sub) => sub.name() === word) ?? command;
	}
	expect(command, words.join(' ')).not.toBe(program);
}
