"""How each version of the tables is made of the one before, and that one of it again.

What has been released stays as it is.

- ``v0001``  the first
"""
