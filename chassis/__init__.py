"""What every service stands on: transactions with an outbox, idempotent consumers, HTTP, pages, telemetry, settings."""
