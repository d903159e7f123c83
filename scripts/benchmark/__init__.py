"""``scripts/bench``: what forwarding costs, and what users wait for, beside other servers.

In the order in which a run goes through them:

- ``__main__``      the command line: options in; tables, JSON or a plot out
- ``run``           one run: the machine is made ready, and each measurement has its turn
- ``bench``         what every measurement is given: options, servers, whom to tell how far it is
- ``measurements``  the table of all measurements; a new one is a module, and a line there

Servers and users:

- ``servers``       server processes, pinned to one core, and what they use
- ``janus``         Janus, and its signalling
- ``floor``         a bare loop that receives and sends: a server as a script of its own
- ``stock_aiortc``  a relay as aiortc's examples build it, likewise
- ``users``         how users join each kind of server
- ``contenders``    servers that run side by side, and the users on each
- ``talkers``       users who react at once
- ``signallers``    users that only signal, many of them
- ``turnover``      such users meet, and press Next
- ``nodes``         the nodes of a cluster, and their Redis
- ``wires``         the clients' ends of media over TCP: a script of its own

What they send, and what comes out:

- ``traffic``       what users send: full batches, and recorded calls with their RTCP
- ``load``          one run of a load: sends it, and matches what comes out with what went in
- ``supply``        batches that wait in a plane's socket, inside this process
- ``datagrams``     many sockets' datagrams out on schedule and in with the kernel's time

Real browsers, and their network:

- ``lines``         what a bad line does to packets
- ``accesses``      a server and two users in networks of their own, with such a line between them
- ``visits``        two browsers that meet; scripts of their pages are beside it
- ``scene``         what their cameras and microphones get
- ``seen``          what a user has seen and heard, by the browser's own figures
- ``revision``      the project's files as they were

The measurements, and what some of them find:

- ``forwarding``    ``batches`` and ``calls``: server beside server under the same load
- ``rows``          what those find, and ``taps``: rows, compared and judged
- ``memory``        what a pair and an idle user take
- ``idle``          what a server without users takes
- ``times``         how long users wait for media
- ``matching``      how fast users find each other
- ``taps``          what recording some calls does to all
- ``workers``       what media processes take, and how often two meet over the bridge
- ``spread``        what calls cost on one worker and on two, within one and across
- ``bridge``        what a packet costs when its partner's link is on another plane
- ``cluster``       what it costs when that link is on another node; and ``meetings``
- ``meetings``      how fast users of several nodes meet, and how many a second
- ``tunnels``       what calls cost over ICE-TCP, TURN over TCP and over TLS
- ``keeping``       what a packet costs while the users' last pictures are kept
- ``isolation``     what floods of one user do to others' packets
- ``attacks``       such floods, in a process of its own
- ``loss``          what people see and hear over bad lines, and ``loss_rows``
- ``anatomy``       where the time of a forwarded packet goes

Telling it:

- ``targets``       figures to reach, beside what was measured
- ``tables``        tables for people
- ``report``        everything, for machines and for people
- ``plot``          CPU and latency against load, as a picture

Numbers of two machines cannot be compared; ratios of one run can. See ``docs/performance.md``.
"""
