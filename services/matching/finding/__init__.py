"""What needs and offers are found by: keys for the lists of an index, a sketch for a first look at what they hold.

Pure computation. A key is a short text such as ``goods C62 cpv:30213 nil:20``; need and offer share it when they are of
the same kind and unit and alike in what it names. Whoever looks takes the lists of its own keys, each up to a limit,
the newest first: rare keys bring few and telling candidates, common ones the newest.
"""

from services.matching.finding.keys import keys_of_need, keys_of_offer
from services.matching.finding.regions import regions, sketch

__all__ = ["keys_of_need", "keys_of_offer", "regions", "sketch"]
