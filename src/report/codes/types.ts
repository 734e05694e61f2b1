/** What `toa-bake explain CODE` says: what it means, why it matters, how to mend it. */
export interface Code {
  readonly title: string;
  readonly why: string;
  readonly cure: string;
}
