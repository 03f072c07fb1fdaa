/** A step of the schema. Once released it is never edited: a change is a new step. */
export interface Migration {
  readonly version: number;
  readonly sql: string;
}
