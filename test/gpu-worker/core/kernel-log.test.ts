import { expect, test } from 'vitest';
import { readXids, tellsOutOfMemory } from '../../../gpu-worker/src/core/kernel-log.ts';

const ID = '8eec5b5680be4890798ab29160400810da2229b412b96c77d17e7c5438a84aac';
const LOG = `[17529.1] [  pid  ]   uid  tgid total_vm
[17529.2] oom-kill:constraint=CONSTRAINT_MEMCG,cpuset=libpod-${ID},oom_memcg=/libpod_parent/libpod-${ID},task_memcg=/libpod_parent/libpod-${ID},task=tail,pid=17846,uid=0
[17529.3] Memory cgroup out of memory: Killed process 17846 (tail)
[18000.1] NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.
[18001.1] NVRM: Xid (PCI:0000:AF:00.0): 48, pid=1234, name=python3, Ch 00000008`;

test('the kernel names the container whose process it ended for memory, whatever engine made it', () => {
	expect(tellsOutOfMemory(LOG, ID)).toBe(true);
	expect(tellsOutOfMemory(LOG, ID.replace('8', '9'))).toBe(false);
	expect(tellsOutOfMemory(`[1] oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/system.slice/docker-${ID}.scope,task=python3`, ID)).toBe(true);
	expect(tellsOutOfMemory(`[1] something about ${ID}`, ID)).toBe(false);
});

test('errors of the NVIDIA driver by GPU and number', () => {
	expect(readXids(LOG).map(({ pci, code }) => [pci, code])).toEqual([
		['0000:3b:00', 79],
		['0000:af:00', 48],
	]);
	expect(readXids('nothing')).toEqual([]);
});
