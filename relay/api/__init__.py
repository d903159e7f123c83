"""HTTP: health, counts and rooms for operators, and the page itself.

- ``readiness``    ``/health`` and ``/ready``; ``load`` tells when the process is overloaded
- ``status``       ``/stats`` and ``/rooms``
- ``v1``           the operators' API: ``endpoints`` is its table, ``models`` what it says,
  ``openapi`` its document, ``events`` its live stream
- ``overview``     looks at users and media; an ``observation`` is what there was at one moment, and
  ``quality`` says what of it is bad
- ``taps``         looking into calls, and the audit log of who did; ``asking`` is what the API's
  requests have in common
- ``metrics``      ``/metrics``, for Prometheus
- ``operator``     the token that operators have to show
- ``front``        all of these, put together
- ``page``         the files of ``web/``
- ``answers``      what all answers share: security headers, and errors as JSON
"""
