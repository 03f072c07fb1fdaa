// Loaded before a program: says whom it calls. Sockets in the file system are its own affair.
import { Socket } from 'node:net';

const { connect } = Socket.prototype;
Socket.prototype.connect = function dialled(...parameters) {
  const [options] = parameters.flat();
  if (options?.port !== undefined) {
    console.log(JSON.stringify({ type: 'dialled', host: options.host ?? 'localhost', port: options.port }));
  }
  return connect.apply(this, parameters);
};
