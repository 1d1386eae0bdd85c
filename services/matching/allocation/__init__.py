"""Who gets what when everybody is looked at together: a plan over all open needs and offers.

Pure: numbers in, numbers out. ``model`` is what goes in and comes out, ``solving.solve`` the way through.
"""
