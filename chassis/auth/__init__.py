"""Who is asking: bearer tokens, the session cookie, and what the person may do."""

from chassis.auth.actor import ROLES, Actor
from chassis.auth.dependencies import CurrentActor, current_actor, install_identity, require

__all__ = ["ROLES", "Actor", "CurrentActor", "current_actor", "install_identity", "require"]
