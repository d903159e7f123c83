"""What users tell of the packets that they get, and what they are told.

- ``rtcp``            compound packets on the wire, taken apart and put together
- ``reception``       what a user has reported of one outlet, and what its source is told of it
- ``transport_wide``  feedback about transport-wide numbers, a partner's and the relay's own
"""
