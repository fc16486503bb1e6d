/** A client of a Model Context Protocol server over its standard input and output: one JSON-RPC message a line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** What a tool answered. */
export interface ToolAnswer {
	readonly isError: boolean;
	/** Its text, parsed where it is JSON. */
	readonly value: unknown;
	readonly text: string;
}

export interface McpClient {
	/** Names of the server's tools. */
	tools(): Promise<string[]>;
	call(tool: string, args?: object): Promise<ToolAnswer>;
	/** Everything that it wrote on its standard error. */
	stderr(): string;
	stop(): Promise<void>;
}

interface Message {
	readonly id?: number;
	readonly result?: unknown;
	readonly error?: { readonly message: string };
}

const ANSWER_MS = 30_000;

/** Starts `file` with this Node and nothing of our environment but the path, and shakes hands. */
export async function startMcp(file: string, env: Readonly<Record<string, string>>): Promise<McpClient> {
	const child: ChildProcess = spawn(process.execPath, [file], { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: 'pipe' });
	const waiting = new Map<number, (message: Message) => void>();
	const errors: string[] = [];
	child.stderr?.setEncoding('utf8').on('data', (text: string) => errors.push(text));
	if (child.stdout === null || child.stdin === null) throw new Error('the server has no standard streams');
	const { stdin } = child;
	createInterface({ input: child.stdout }).on('line', (line) => {
		const message = JSON.parse(line) as Message;
		if (message.id !== undefined) waiting.get(message.id)?.(message);
	});
	let last = 0;
	const send = (message: object): void => void stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
	const request = (method: string, params: object): Promise<unknown> => {
		const id = ++last;
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`${method}: no answer within ${ANSWER_MS} ms; stderr: ${errors.join('')}`)), ANSWER_MS);
			waiting.set(id, ({ result, error }) => {
				clearTimeout(timer);
				waiting.delete(id);
				if (error === undefined) resolve(result);
				else reject(new Error(`${method}: ${error.message}`));
			});
			send({ id, method, params });
		});
	};
	await request('initialize', { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'longshore-test', version: '1' } });
	send({ method: 'notifications/initialized' });
	return {
		tools: async () => ((await request('tools/list', {})) as { tools: { name: string }[] }).tools.map(({ name }) => name),
		call: async (name, args = {}) => {
			const answer = (await request('tools/call', { name, arguments: args })) as { isError?: boolean; content: { text: string }[] };
			const text = answer.content.map((part) => part.text).join('');
			return { isError: answer.isError === true, text, value: /^[[{]/.test(text) ? (JSON.parse(text) as unknown) : text };
		},
		stderr: () => errors.join(''),
		stop: async () => {
			if (child.exitCode !== null || child.signalCode !== null) return;
			const exited = once(child, 'exit');
			child.kill('SIGKILL');
			await exited;
		},
	};
}
