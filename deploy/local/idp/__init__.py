"""Development OpenID Connect provider: ready personas instead of SPID. Never for real people."""
