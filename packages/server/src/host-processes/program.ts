/** What a host process says of itself when it is reached. */
export interface Handshake {
  name: string;
  version: string;
  pid: number;
}

/** A server's hold on a host process. */
export interface HostConnection {
  readonly handshake: Handshake;
  /** Resolves when the connection is lost; never for a process that holds none. */
  readonly closed: Promise<void>;
  /** Rejects when the process is not well. */
  probe(): Promise<void>;
  /** Who would miss it: other servers, and work under way. */
  usage(): Promise<{ otherServers: number; busy: boolean }>;
  /** Asks the process to end. Without it, it is sent SIGTERM. */
  requestEnd?(): Promise<void>;
  /** Lets go; the process goes on. */
  close(): void;
}

/** What is known of the process that was started last, by this server or an earlier one. */
export interface Launch {
  /** Of the process, when it is alive. */
  pid: number | undefined;
  /** The first line that it printed. */
  firstLine: string | undefined;
}

/** A program that runs beside the server and outlives it. */
export interface HostProgram<Connection extends HostConnection> {
  /** What the handshake must say; also the name of its files. */
  readonly name: string;
  /** Another version is replaced once nobody uses it; without one, any will do. */
  readonly version?: string | undefined;
  /** The program's file, and what it is started with. */
  readonly argv: readonly [file: string, ...parameters: string[]];
  /** Reaches the process that runs now; rejects when there is none. */
  connect(launch: Launch): Promise<Connection>;
  /** Makes it ready for work, each time that a process was reached. */
  prepare?(connection: Connection): Promise<void>;
}
