"""Plugins of all suites."""

pytest_plugins = ["tests.servers", "tests.system", "tests.pdfa", "tests.dss"]
