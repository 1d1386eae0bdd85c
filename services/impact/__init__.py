"""Impact: what was delivered and measured, from the signature on."""
