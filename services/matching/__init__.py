"""Matching: finds which offers meet which needs, says why, keeps everyone's consent and the ledger of quantities."""
