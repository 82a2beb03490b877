/** Where a request comes from, as far as limits care. Both values are keyed hashes, never an address. */
export interface Sender {
  /** The browser, by its device cookie. */
  readonly device: string;
  /** The network (an IPv4 address, an IPv6 /64); undefined for a trusted network, which has no limit of its own. */
  readonly network: string | undefined;
}
