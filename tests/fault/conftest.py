"""The toy service of the chassis, for faults that need a server of their own to kill."""

from chassis.tests.conftest import database, settings, topic_prefix, toy, toy_template

__all__ = ["database", "settings", "topic_prefix", "toy", "toy_template"]
