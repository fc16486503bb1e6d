import { describe, expect, test } from 'vitest';
import { kindOfAddress, readAddress } from '../../../edge/src/core/ip-address.ts';

const kindOf = (url: string): string => {
	const address = readAddress(new URL(url).hostname);
	return address === null ? 'name' : kindOfAddress(address);
};

describe('the host of a URL', () => {
	test.each([
		['public', ['http://1.1.1.1', 'http://172.32.0.1', 'http://172.15.255.255', 'http://192.169.0.1', 'http://100.128.0.1', 'http://223.255.255.255', 'http://[2606:4700::1111]']],
		['local', ['http://127.0.0.1', 'http://127.255.255.254', 'http://2130706433', 'http://0x7f000001', 'http://017700000001', 'http://127.1', 'http://0x7f.0.0.1', 'http://[::1]']],
		[
			'private',
			[
				'http://10.0.0.1',
				'http://172.16.0.1',
				'http://172.31.255.255',
				'http://192.168.1.1',
				'http://100.64.0.1',
				'http://100.127.255.255',
				'http://[fc00::1]',
				'http://[fdff::1]',
			],
		],
		[
			'reserved',
			['http://0.0.0.0', 'http://0', 'http://169.254.169.254', 'http://0xa9fea9fe', 'http://192.0.0.192', 'http://198.18.0.1', 'http://198.19.255.255', 'http://224.0.0.1'],
		],
		[
			'reserved',
			['http://255.255.255.255', 'http://[::]', 'http://[fe80::1]', 'http://[febf::1]', 'http://[fec0::1]', 'http://[ff02::1]', 'http://[2001:db8::1]', 'http://[2001::1]'],
		],
		['name', ['http://example.com', 'http://127.0.0.1.example.com', 'http://xn--1-7sb3aeo2aw.com']],
	])('%s', (kind, urls) => {
		expect(urls.map((url) => [url, kindOf(url)])).toEqual(urls.map((url) => [url, kind]));
	});

	test.each([
		['::ffff:127.0.0.1', 'local'],
		['::ffff:a9fe:a9fe', 'reserved'],
		['::127.0.0.1', 'local'],
		['::ffff:0:10.0.0.1', 'private'],
		['64:ff9b::169.254.169.254', 'reserved'],
		['64:ff9b::10.0.0.1', 'private'],
		['64:ff9b:1::1', 'reserved'],
		['2002:7f00:1::', 'local'],
		['2002:a9fe:a9fe::1', 'reserved'],
		['2001:0:7f00:1::', 'reserved'],
		['::ffff:8.8.8.8', 'public'],
		['64:ff9b::808:808', 'public'],
		['2002:808:808::1', 'public'],
	])('an IPv4 address inside IPv6 counts: %s is %s', (address, kind) => {
		expect(kindOf(`http://[${address}]/`)).toBe(kind);
	});
});
