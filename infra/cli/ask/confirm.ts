/** Asks before anything is destroyed: by typing the name, so that no reflex deletes the wrong thing. */
import { Failure } from '../failure.ts';
import type { Session } from '../session.ts';
import { UsageError } from '../usage-error.ts';

export interface Destruction {
	/** What would be gone. */
	readonly what: string;
	/** What has to be typed. */
	readonly name: string;
	readonly yes: boolean | undefined;
}

/** Resolves when the person typed the name or gave `--yes`. Throws `UsageError` where nobody can be asked. */
export async function confirmByName(session: Session, { what, name, yes }: Destruction): Promise<void> {
	if (yes === true) return;
	if (!session.terminal.canAsk) throw new UsageError(`this would delete ${what}, and nobody can be asked here`, 'Add --yes to do it without a question.');
	const { talkStyle } = session.terminal;
	const { isCancel, text } = await import('@clack/prompts');
	const answer = await text({ message: `This deletes ${what} on ${session.context.name}. Type ${talkStyle.bold(name)} to go on:`, output: process.stderr });
	if (isCancel(answer) || answer !== name) throw new Failure(isCancel(answer) ? 'stopped: nothing was deleted' : `that is not "${name}": nothing was deleted`);
}
