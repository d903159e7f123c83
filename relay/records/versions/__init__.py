"""How each version of the tables is made of the one before. What has been released stays as it is.

- ``v0001``  the first
"""
