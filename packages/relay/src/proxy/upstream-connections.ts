import * as http from 'node:http';
import * as https from 'node:https';

/** Connections kept open without use, a count for each upstream. */
const MOST_IDLE = 32;

/** Connections to upstreams, kept for the requests to come. */
export interface UpstreamConnections {
  /** @param path absolute, with query; it comes after the path of the base URL */
  request(baseUrl: string, path: string, options: http.RequestOptions): http.ClientRequest;
  close(): void;
}

export function createUpstreamConnections(): UpstreamConnections {
  const settings = { keepAlive: true, maxFreeSockets: MOST_IDLE };
  const plain = new http.Agent(settings);
  const encrypted = new https.Agent(settings);
  return {
    request(baseUrl, path, options) {
      const base = new URL(baseUrl);
      const url = new URL(`${base.pathname.replace(/\/+$/, '')}${path}`, base);
      return url.protocol === 'https:'
        ? https.request(url, { ...options, agent: encrypted })
        : http.request(url, { ...options, agent: plain });
    },
    close() {
      plain.destroy();
      encrypted.destroy();
    },
  };
}
