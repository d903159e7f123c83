"""``relay check``: tries every way to a server, from any machine, and measures it.

- ``run``       from the options to the exit status
- ``ways``      what it announces, and so what there is to try
- ``attempt``   one way: a link by it alone, and an echo over that
- ``streams``   ways over TCP: ICE-TCP and TURN
- ``probe``     the media that goes there and comes back
- ``findings``  what was found, and what of it is wrong
- ``remedies``  what to do when there is no server to check
- ``display``   how it is told
"""
