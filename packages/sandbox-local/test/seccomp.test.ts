import { describe, expect, test } from 'vitest';
import { type FilteredArchitecture, seccompFilter } from '../src/bubblewrap/seccomp.ts';

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const EPERM = 0x00050001;
const EAFNOSUPPORT = 0x00050061;

/** What the kernel would decide about a call: classic BPF, as far as the filter uses it. */
function decide(
  filter: Buffer,
  call: { architecture: number; number: number; arguments?: number[] },
): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.number, 0);
  data.writeUInt32LE(call.architecture, 4);
  call.arguments?.forEach((value, index) => {
    data.writeUInt32LE(value, 16 + 8 * index);
  });
  let accumulator = 0;
  for (let counter = 0; ; counter += 1) {
    const at = counter * 8;
    const value = filter.readUInt32LE(at + 4);
    const jump = (taken: boolean) => {
      counter += filter.readUInt8(at + (taken ? 2 : 3));
    };
    switch (filter.readUInt16LE(at)) {
      case 0x20:
        accumulator = data.readUInt32LE(value);
        break;
      case 0x15:
        jump(accumulator === value);
        break;
      case 0x35:
        jump(accumulator >= value);
        break;
      case 0x06:
        return value;
      default:
        throw new Error(`Instruction ${counter} is not known`);
    }
  }
}

/** Numbers of calls, from the kernel's own tables. */
const CPUS = {
  x64: {
    architecture: 0xc000003e,
    read: 0,
    socket: 41,
    ioctl: 16,
    mount: 165,
    ptrace: 101,
    bpf: 321,
    unshare: 272,
    keyctl: 250,
  },
  arm64: {
    architecture: 0xc00000b7,
    read: 63,
    socket: 198,
    ioctl: 29,
    mount: 40,
    ptrace: 117,
    bpf: 280,
    unshare: 97,
    keyctl: 219,
  },
} as const;

describe.each(Object.keys(CPUS) as FilteredArchitecture[])('the seccomp filter of %s', (name) => {
  const cpu = CPUS[name];
  const filter = seccompFilter(name);
  const decided = (number: number, ...parameters: number[]) =>
    decide(filter, { architecture: cpu.architecture, number, arguments: parameters });

  test('allows what programs do', () => {
    for (const number of [cpu.read, 1000, 436]) expect(decided(number)).toBe(ALLOW);
  });

  test('refuses calls that reach deep into the kernel', () => {
    for (const call of ['mount', 'ptrace', 'bpf', 'unshare', 'keyctl'] as const) {
      expect(decided(cpu[call]), call).toBe(EPERM);
    }
    for (const ioUring of [425, 426, 427]) expect(decided(ioUring)).toBe(EPERM);
  });

  test('allows sockets of the families that a network namespace holds, and no others', () => {
    const UNIX = 1;
    const IPV4 = 2;
    const IPV6 = 10;
    const NETLINK = 16;
    for (const family of [UNIX, IPV4, IPV6, NETLINK]) expect(decided(cpu.socket, family)).toBe(ALLOW);
    const PACKET = 17;
    const ALG = 38;
    const VSOCK = 40;
    for (const family of [PACKET, ALG, VSOCK]) expect(decided(cpu.socket, family)).toBe(EAFNOSUPPORT);
  });

  test('refuses to put input into a terminal', () => {
    const [TIOCSTI, TIOCLINUX, TIOCGWINSZ] = [0x5412, 0x541c, 0x5413];
    expect(decided(cpu.ioctl, 0, TIOCSTI)).toBe(EPERM);
    expect(decided(cpu.ioctl, 0, TIOCLINUX)).toBe(EPERM);
    expect(decided(cpu.ioctl, 0, TIOCGWINSZ)).toBe(ALLOW);
  });

  test("ends a program that makes calls of another CPU's ABI", () => {
    const other = name === 'x64' ? CPUS.arm64.architecture : CPUS.x64.architecture;
    expect(decide(filter, { architecture: other, number: cpu.read })).toBe(KILL);
  });
});

test('the filter of x64 refuses calls of the x32 ABI', () => {
  const number = 0x40000000;
  expect(decide(seccompFilter('x64'), { architecture: CPUS.x64.architecture, number })).toBe(EPERM);
});
