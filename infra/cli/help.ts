/** Help texts: what it does, examples first, then usage, commands and options. */
import type { Command, Help, HelpConfiguration } from 'commander';
import { createStyle, wantsColor } from './terminal/style.ts';

/** A line to type and what it does. */
export type Example = readonly [line: string, what: string];

const examplesOf = new WeakMap<Command, readonly Example[]>();

/** Adds a command to `parent`: `spec` as commander reads it (`get <endpoint>`). */
export function define(parent: Command, spec: string, summary: string, examples: readonly Example[] = []): Command {
	const command = parent.command(spec).description(summary).helpCommand(false);
	examplesOf.set(command, examples);
	return command;
}

/** Examples of the program itself. */
export function setExamples(command: Command, examples: readonly Example[]): void {
	examplesOf.set(command, examples);
}

/** Commander's help, in the order in which people read it. */
export function helpConfiguration(): HelpConfiguration {
	const style = createStyle(wantsColor(process.env, process.stdout.isTTY === true, process.argv.includes('--no-color') ? false : undefined));
	return {
		showGlobalOptions: true,
		sortSubcommands: false,
		styleTitle: (text) => style.bold(text.replace('Global Options:', 'Everywhere:')),
		styleSubcommandTerm: style.code,
		styleOptionTerm: style.code,
		styleArgumentTerm: style.code,
		subcommandTerm: (command) => {
			const args = command.registeredArguments.map((arg) => (arg.required ? `<${arg.name()}${arg.variadic ? '…' : ''}>` : `[${arg.name()}${arg.variadic ? '…' : ''}]`));
			return [command.name(), ...args].join(' ');
		},
		formatHelp(command, helper) {
			return `${sections(command, helper, style)
				.map((lines) => lines.join('\n'))
				.join('\n\n')}\n`;
		},
	};
}

function sections(command: Command, helper: Help, style: ReturnType<typeof createStyle>): string[][] {
	const width = helper.helpWidth ?? 80;
	const termWidth = Math.min(34, helper.padWidth(command, helper));
	const item = (term: string, text: string): string => helper.formatItem(term, termWidth, text, helper);
	const out: string[][] = [];
	const description = helper.commandDescription(command);
	if (description !== '') out.push([helper.boxWrap(description, width)]);
	const examples = examplesOf.get(command) ?? [];
	if (examples.length > 0) out.push([helper.styleTitle('Examples:'), ...examples.flatMap(([line, what]) => exampleLines(line, what, width, style))]);
	out.push([`${helper.styleTitle('Usage:')} ${helper.commandUsage(command).replace(/\|\S+/g, '')}`]);
	const args = helper.visibleArguments(command).map((arg) => item(helper.styleArgumentTerm(helper.argumentTerm(arg)), helper.argumentDescription(arg)));
	if (args.length > 0) out.push([helper.styleTitle('Arguments:'), ...args]);
	const groups = Map.groupBy(helper.visibleCommands(command), (sub) => sub.helpGroup() || 'Commands:');
	for (const [group, subs] of groups)
		out.push([helper.styleTitle(group), ...subs.map((sub) => item(helper.styleSubcommandTerm(helper.subcommandTerm(sub)), helper.subcommandDescription(sub)))]);
	const options = helper.visibleOptions(command).map((option) => item(helper.styleOptionTerm(helper.optionTerm(option)), helper.optionDescription(option)));
	if (options.length > 0) out.push([helper.styleTitle('Options:'), ...options]);
	const everywhere = helper
		.visibleGlobalOptions(command)
		.filter(({ long }) => long !== '--version')
		.map((option) => item(helper.styleOptionTerm(helper.optionTerm(option)), helper.optionDescription(option)));
	if (everywhere.length > 0) out.push([helper.styleTitle('Global Options:'), ...everywhere]);
	return out;
}

/** The explanation beside the line where both fit, else above it. */
function exampleLines(line: string, what: string, width: number, style: ReturnType<typeof createStyle>): string[] {
	const beside = 46;
	const one = `  ${style.code(line)}`;
	if (line.length + 4 <= beside && beside + what.length <= width) return [`${one}${' '.repeat(beside - line.length - 2)}${style.dim(what)}`];
	return [`  ${style.dim(`# ${what}`)}`, one];
}
