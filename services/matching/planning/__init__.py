"""Plans over all open needs and offers of a city: read, solved and compared in a process of its own.

``python -m services.matching.planning`` is that process; ``supervising`` starts it, hears of its progress and ends it.
A plan is advice: nothing is decided until somebody adopts it (``handlers.planning``).
"""
