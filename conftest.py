"""Plugins of all suites."""

pytest_plugins = ["tests.properties", "tests.servers", "tests.system", "tests.pdfa", "tests.dss"]
