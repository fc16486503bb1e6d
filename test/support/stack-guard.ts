/** Runs `npm start` for a test and ends it when the test's process is gone, however it went: its standard input closes then. */
import { spawn } from 'node:child_process';

const stack = spawn('npm', ['start', '--silent'], { stdio: ['ignore', 'inherit', 'inherit'] });
const end = (): void => void stack.kill('SIGTERM');
process.on('SIGTERM', end);
process.stdin.resume().on('end', end).on('error', end);
stack.on('error', (error) => {
	process.stderr.write(`npm could not be run: ${error.message}\n`);
	process.exit(127);
});
stack.on('exit', (code) => process.exit(code ?? 1));
