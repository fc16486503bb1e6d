import { getActiveResourcesInfo } from 'node:process';
import { expect, it } from 'vitest';
import { runCommand } from '../../../infra/local/run-command.ts';

it('a command that is not there keeps nobody waiting', async () => {
	const timers = (): number => getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
	const before = timers();
	expect(await runCommand('there-is-no-such-program', [], { timeoutMs: 60_000 })).toMatchObject({ ok: false, missing: true });
	expect(timers()).toBe(before);
});

it('a command that takes too long is ended, and what it printed is kept', async () => {
	const result = await runCommand(process.execPath, ['-e', 'console.log("begun"); setInterval(() => undefined, 1000)'], { timeoutMs: 1_500 });
	expect(result).toMatchObject({ ok: false, missing: false });
	expect(result.output).toContain('ended by SIGKILL after 1500 ms at most');
});
