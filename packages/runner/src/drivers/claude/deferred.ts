export interface Deferred<Value> {
  promise: Promise<Value>;
  resolve(value: Value): void;
}

/** A promise and the function that settles it. (`Promise.withResolvers` is younger than Node 20.) */
export function createDeferred<Value>(): Deferred<Value> {
  let settle: (value: Value) => void = () => {};
  const promise = new Promise<Value>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle(value) };
}
