/** `longshore doctor`: what works, what does not, and the fix of each. */
import type { Command } from 'commander';
import { checkContext, checkEdge, checkKey, checkNode, checkOperator } from '../doctor/edge-checks.ts';
import type { Finding } from '../doctor/finding.ts';
import { checkDisk, checkNats, checkNatsServer } from '../doctor/machine-checks.ts';
import { checkRegions } from '../doctor/region-checks.ts';
import { Failure } from '../failure.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import type { Style } from '../terminal/style.ts';
import { wrap } from '../terminal/table.ts';

const CHECKS: readonly ((session: Session) => Promise<Finding[]>)[] = [
	checkNode,
	checkContext,
	checkEdge,
	checkKey,
	checkOperator,
	checkRegions,
	checkNatsServer,
	checkNats,
	checkDisk,
];

export function addDoctor(program: Command): void {
	define(program, 'doctor', 'What works, what does not, and the fix', [['longshore doctor', 'exit code 1 when something is broken']])
		.helpGroup('Operators:')
		.action(withSession(doctor));
}

async function doctor(session: Session): Promise<void> {
	const findings: Finding[] = [];
	for (const check of CHECKS) {
		for (const finding of await check(session)) {
			findings.push(finding);
			if (session.format === 'table') for (const line of findingLines(finding, session.terminal.style, Math.min(session.terminal.width, 120))) session.terminal.data(line);
		}
	}
	const count = (result: Finding['result']): number => findings.filter((finding) => finding.result === result).length;
	if (session.format !== 'table') session.show({ checks: findings, failed: count('fail'), warnings: count('warn') }, () => []);
	if (count('fail') > 0) throw new Failure(`${count('fail')} of ${findings.length} checks failed`, 'Each one says above what to do.');
	if (count('warn') > 0) session.warn(`all that is needed works; ${count('warn')} of ${findings.length} checks have advice`);
	else session.done(`all ${findings.length} checks are good`);
}

function findingLines({ result, name, text, fix }: Finding, style: Style, width: number): string[] {
	const mark = result === 'ok' ? style.good('✓') : result === 'warn' ? style.warn('!') : result === 'skip' ? style.dim('-') : style.bad('✗');
	const [first = '', ...rest] = wrap(text, Math.max(30, width - 21));
	const lines = [`${mark} ${style.bold(name.padEnd(18))} ${first}`, ...rest.map((line) => `${' '.repeat(21)}${line}`)];
	if (fix !== undefined) for (const line of fix.split('\n')) lines.push(`${' '.repeat(21)}${style.code(line)}`);
	return lines;
}
