import type { Context } from 'hono';

/** What the edge knows of a request once it is let in. */
export interface HttpEnvironment {
  /** Present on Node: the request as it came in, before the URL was normalised, and the way to end its connection. */
  Bindings: { incoming?: { url?: string }; outgoing?: { destroy(): void } };
  Variables: { principal: string };
}

export type HttpContext = Context<HttpEnvironment>;
