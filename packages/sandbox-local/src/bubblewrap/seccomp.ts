import { Buffer } from 'node:buffer';

/** CPUs that there is a filter for, by Node's names. */
export type FilteredArchitecture = 'x64' | 'arm64';

/* Numbers of `linux/audit.h`, `linux/filter.h`, `linux/seccomp.h`, `asm/unistd.h`, `sys/socket.h` and `errno.h`. */
const AUDIT_ARCHITECTURE: Record<FilteredArchitecture, number> = { x64: 0xc000003e, arm64: 0xc00000b7 };
const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_OR_EQUAL = 0x35;
const RETURN = 0x06;
const KILL_PROCESS = 0x80000000;
const ALLOW = 0x7fff0000;
const FAIL_WITH = 0x00050000;
const EPERM = 1;
const EAFNOSUPPORT = 97;
const OFFSET_NUMBER = 0;
const OFFSET_ARCHITECTURE = 4;
const offsetOfArgument = (index: number) => 16 + 8 * index;
const X32_CALLS = 0x40000000;

/** Calls that no coding agent needs and that reach deep into the kernel, or out of the sandbox. */
const DENIED: Record<FilteredArchitecture, Readonly<Record<string, number>>> = {
  x64: {
    ptrace: 101,
    process_vm_readv: 310,
    process_vm_writev: 311,
    pidfd_getfd: 438,
    kcmp: 312,
    mount: 165,
    umount2: 166,
    pivot_root: 155,
    chroot: 161,
    open_tree: 428,
    move_mount: 429,
    fsopen: 430,
    fsconfig: 431,
    fsmount: 432,
    fspick: 433,
    mount_setattr: 442,
    unshare: 272,
    setns: 308,
    name_to_handle_at: 303,
    open_by_handle_at: 304,
    init_module: 175,
    finit_module: 313,
    delete_module: 176,
    kexec_load: 246,
    kexec_file_load: 320,
    reboot: 169,
    swapon: 167,
    swapoff: 168,
    acct: 163,
    quotactl: 179,
    syslog: 103,
    settimeofday: 164,
    clock_settime: 227,
    adjtimex: 159,
    clock_adjtime: 305,
    sethostname: 170,
    setdomainname: 171,
    vhangup: 153,
    iopl: 172,
    ioperm: 173,
    modify_ldt: 154,
    uselib: 134,
    lookup_dcookie: 212,
    add_key: 248,
    request_key: 249,
    keyctl: 250,
    perf_event_open: 298,
    bpf: 321,
    userfaultfd: 323,
    fanotify_init: 300,
    io_uring_setup: 425,
    io_uring_enter: 426,
    io_uring_register: 427,
  },
  arm64: {
    ptrace: 117,
    process_vm_readv: 270,
    process_vm_writev: 271,
    pidfd_getfd: 438,
    kcmp: 272,
    mount: 40,
    umount2: 39,
    pivot_root: 41,
    chroot: 51,
    open_tree: 428,
    move_mount: 429,
    fsopen: 430,
    fsconfig: 431,
    fsmount: 432,
    fspick: 433,
    mount_setattr: 442,
    unshare: 97,
    setns: 268,
    name_to_handle_at: 264,
    open_by_handle_at: 265,
    init_module: 105,
    finit_module: 273,
    delete_module: 106,
    kexec_load: 104,
    kexec_file_load: 294,
    reboot: 142,
    swapon: 224,
    swapoff: 225,
    acct: 89,
    quotactl: 60,
    syslog: 116,
    settimeofday: 170,
    clock_settime: 112,
    adjtimex: 171,
    clock_adjtime: 266,
    sethostname: 161,
    setdomainname: 162,
    vhangup: 58,
    lookup_dcookie: 18,
    add_key: 217,
    request_key: 218,
    keyctl: 219,
    perf_event_open: 241,
    bpf: 280,
    userfaultfd: 282,
    fanotify_init: 262,
    io_uring_setup: 425,
    io_uring_enter: 426,
    io_uring_register: 427,
  },
};

const SOCKET: Record<FilteredArchitecture, number> = { x64: 41, arm64: 198 };
/** Unix, IPv4, IPv6 and netlink. Others, VSOCK above all, are not held by a network namespace. */
const SOCKET_FAMILIES = [1, 2, 10, 16];

const IOCTL: Record<FilteredArchitecture, number> = { x64: 16, arm64: 29 };
/** TIOCSTI and TIOCLINUX, which put keystrokes into a terminal that is shared. */
const TERMINAL_INPUT = [0x5412, 0x541c];

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/**
 * A seccomp filter as bubblewrap's `--seccomp` reads it: allow, except what is denied with an error. A call of another
 * CPU's ABI ends the process.
 */
export function seccompFilter(architecture: FilteredArchitecture): Buffer {
  const fail = (errno: number): Instruction => [RETURN, 0, 0, FAIL_WITH | errno];
  const program: Instruction[] = [
    [LOAD_WORD, 0, 0, OFFSET_ARCHITECTURE],
    [JUMP_EQUAL, 1, 0, AUDIT_ARCHITECTURE[architecture]],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD_WORD, 0, 0, OFFSET_NUMBER],
  ];
  if (architecture === 'x64') program.push([JUMP_GREATER_OR_EQUAL, 0, 1, X32_CALLS], fail(EPERM));
  for (const call of Object.values(DENIED[architecture])) program.push([JUMP_EQUAL, 0, 1, call], fail(EPERM));
  program.push(
    ...whenCalled(IOCTL[architecture], [
      [LOAD_WORD, 0, 0, offsetOfArgument(1)],
      ...TERMINAL_INPUT.flatMap((request): Instruction[] => [[JUMP_EQUAL, 0, 1, request], fail(EPERM)]),
      [RETURN, 0, 0, ALLOW],
    ]),
    ...whenCalled(SOCKET[architecture], [
      [LOAD_WORD, 0, 0, offsetOfArgument(0)],
      ...SOCKET_FAMILIES.flatMap((family): Instruction[] => [
        [JUMP_EQUAL, 0, 1, family],
        [RETURN, 0, 0, ALLOW],
      ]),
      fail(EAFNOSUPPORT),
    ]),
    [RETURN, 0, 0, ALLOW],
  );
  return encode(program);
}

/** `body` must end with a return; other calls go on after it, with the number still loaded. */
function whenCalled(call: number, body: readonly Instruction[]): Instruction[] {
  return [[JUMP_EQUAL, 0, body.length, call], ...body];
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, ifTrue, ifFalse, value], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4);
  });
  return bytes;
}
