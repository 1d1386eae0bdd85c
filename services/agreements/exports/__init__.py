"""The register in other people's formats: OCDS for contracts, 360Giving for donations. No I/O."""
