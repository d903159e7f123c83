"""HTTP: health, counts and rooms for operators, and the page itself.

- ``readiness``    ``/health`` and ``/ready``; ``load`` tells when the process is overloaded
- ``status``       ``/stats`` and ``/rooms``
- ``v1``           the operators' API: ``endpoints`` is its table, each an ``endpoint``, ``models``
  what it says,
  ``queries`` what it may be asked, ``openapi`` its document, ``events`` its live stream,
  ``history`` the last hour
- ``overview``     looks at users and media; an ``observation`` is what there was at one moment,
  ``quality`` says what of it is bad, and ``sides`` what each of two partners gets of the other
- ``nodes``        a cluster: ``asked`` is what goes to another, ``joining`` makes one answer of
  many, and ``changes`` tells what is to be looked up again
- ``taps``         looking into calls, and the audit log of who did; ``asking`` is what the API's
  requests have in common
- ``desk``         reports, bans and appeals: ``cases`` is what the API says of them, ``telling``
  makes that of what is stored, ``orders`` is what operators send, ``queue`` the order of reports
- ``vault``        evidence, sealed
- ``staff``        operators added and removed, and what a person may ask for of its own data
- ``webhooks``     new reports, told to another server
- ``metrics``      ``/metrics``, for Prometheus
- ``operators``    who they are, by their tokens, and what each may do
- ``operator``     whether a request is one of theirs; ``attempts`` bounds how often one may try
- ``visitors``     what a visitor may ask: bans, blocks, what came of reports
- ``hosts``        the names that the server answers to
- ``admin``        the dashboard's login, and ``sessions`` of those who have; ``passes`` are good at
  each node of a cluster
- ``front``        all of these, put together; ``below`` puts them below a path of the host
- ``page``         the files of ``web/``, ``joined`` makes one of them, and ``welcome`` is what it
  says first
- ``answers``      what all answers share: security headers, and errors as JSON
"""
