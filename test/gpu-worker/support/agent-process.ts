/** Runs the real agent as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { until } from '../../support/wait.ts';
import { agentEnv, end, type Region } from './region.ts';

export interface AgentProcess {
	readonly stateDir: string;
	log(): string;
	readonly child: () => ChildProcess;
	kill(): Promise<void>;
	/** Starts it again with the same state. */
	start(env?: Record<string, string>): Promise<void>;
	/** SIGTERM; resolves to the exit code. */
	terminate(): Promise<number | null>;
	/** Ends it and removes its state. */
	stop(): Promise<void>;
}

const MAIN = resolve(import.meta.dirname, '../../../gpu-worker/src/main.ts');

/** Resolves when the agent is ready. `env` adds settings. */
export async function startAgentProcess(region: Region, env: Record<string, string> = {}): Promise<AgentProcess> {
	const stateDir = mkdtempSync(join(tmpdir(), 'longshore-agent-'));
	let child: ChildProcess;
	let log = '';
	const agent: AgentProcess = {
		stateDir,
		log: () => log,
		child: () => child,
		kill: () => end(child, 'SIGKILL'),
		async start(more = {}) {
			let output = '';
			const { PATH = '', HOME = '' } = process.env;
			child = spawn(process.execPath, [MAIN], { env: { PATH, HOME, ...agentEnv(region, stateDir), ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
			const add = (part: Buffer): void => {
				output += part.toString();
				log += part.toString();
			};
			child.stdout?.on('data', add);
			child.stderr?.on('data', add);
			await until(
				() => {
					if (child.exitCode !== null) throw new Error(`the agent ended with ${child.exitCode}: ${output}`);
					return output.includes('"msg":"ready"');
				},
				{ what: 'agent is ready', everyMs: 10 },
			);
		},
		async terminate() {
			await end(child, 'SIGTERM');
			return child.exitCode;
		},
		async stop() {
			await end(child, 'SIGTERM');
			rmSync(stateDir, { recursive: true, force: true });
		},
	};
	await agent.start();
	return agent;
}
