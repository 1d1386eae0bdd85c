"""The allocator on benchmarks that others have published."""
