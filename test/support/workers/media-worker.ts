/** A worker for pictures, speech and transcripts as RunPod's public endpoints answer them: a link to the media, or the text. `MEDIA_URL` is where they lie. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startWorker } from '../../../gpu-worker/src/sdk/start.ts';

interface Call {
	readonly prompt?: string;
	readonly audio_base64?: string;
	readonly voice?: string;
}

startWorker<Call>({ handler: ({ input }) => answer(input) });

async function answer(input: Call): Promise<object> {
	if (input.prompt === 'refused') throw new Error('the prompt is not allowed');
	if (input.audio_base64 !== undefined) {
		await sleep(700);
		return { text: `heard ${Buffer.from(input.audio_base64, 'base64')}`, cost: 0.001 };
	}
	if (input.voice !== undefined) return { audio_url: `${process.env['MEDIA_URL']}/speech?${encodeURIComponent(String(input.prompt))}`, cost: 0.001 };
	return { image_url: `${process.env['MEDIA_URL']}/picture?${encodeURIComponent(String(input.prompt))}`, cost: 0.002 };
}
