/** What a TLS connection to the API server needs. PEM text. */
export interface TlsMaterial {
  readonly ca?: string;
  /** The client certificate and its key, where they are how we log in. */
  readonly cert?: string;
  readonly key?: string;
  /** The name to expect in the server's certificate, if it is not the host's. */
  readonly serverName?: string;
  /** True: the server's certificate is not checked. */
  readonly insecure?: boolean;
}

/** Where the API server is and who we are. */
export interface ClusterConfig {
  /** https://host:port, perhaps with a path. */
  readonly server: string;
  /** Where to act when nothing else is said. */
  readonly namespace: string;
  /** Where this came from, for messages: a file and context, or "in-cluster". */
  readonly source: string;
  /** Asked at each new connection. The same object as before while nothing changed. */
  tls(): Promise<TlsMaterial>;
  /** The Authorization header, asked at each request; undefined: none. */
  authorization(): Promise<string | undefined>;
  /** Forgets cached credentials: the server refused them (401). */
  renew(): void;
}
