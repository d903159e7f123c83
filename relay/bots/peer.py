"""A bot's full WebRTC endpoint: an aiortc connection that reports what it receives.

To its user with the camera, too: aiortc knows no transport-wide feedback, so that is added to its
descriptions, and sent beside it.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import structlog
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame, VideoFrame
from numpy.typing import NDArray

from relay.bots import picture, tone
from relay.bots.arrivals import INTERVAL_S, Arrivals, age_s
from relay.bots.description import agreed_id, agreeing, free_id
from relay.bots.report import Report
from relay.errors import BotError
from relay.protocol.messages import Candidate
from relay.seam import gather_loopback_too, overhear_rtp, send_rtcp

_SOUND_FRAMES = 5
"""How many audio frames of 20 ms a look at the sound takes."""
_UNUSABLE = (
    AssertionError,
    AttributeError,
    IndexError,
    InvalidStateError,
    KeyError,
    OperationError,
    StopIteration,
    TypeError,
    ValueError,
)
"""What aiortc raises at an SDP or a candidate that it cannot use."""

_log = structlog.get_logger()


class Peer:
    """One peer connection, for one link or one partner.

    Either ``await offer()`` and ``await take_answer(sdp)``, or ``await answer(sdp)``.

    :param tracks: what to send; an audio and a video stream are received in any case.
    :param report: where to note what is received.
    :param changed: called whenever the report or the connection's state has changed.
    :param ice_servers: as in the server's ``connected`` message.
    :param on_loopback: whether the other side may be reachable at 127.0.0.1 only.
    :raises BotError: when the ICE servers cannot be used.
    """

    def __init__(
        self,
        tracks: Iterable[MediaStreamTrack],
        report: Report,
        changed: Callable[[], None],
        *,
        ice_servers: list[dict[str, Any]],
        on_loopback: bool,
    ) -> None:
        self._tracks = list(tracks)
        self._report = report
        self._changed = changed
        self._on_loopback = on_loopback
        self._readers: set[asyncio.Task[None]] = set()
        self._teller: asyncio.Task[None] | None = None
        try:
            self._connection = RTCPeerConnection(
                RTCConfiguration(
                    iceServers=[_ice_server(server) for server in ice_servers],
                    bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
                )
            )
            self._add_tracks()
        except (KeyError, ValueError) as error:
            raise BotError(f"unusable ICE servers: {error}") from error
        self._connection.on("track", self._on_track)
        self._connection.on("connectionstatechange", changed)

    @property
    def state(self) -> str:
        """``new``, ``connecting``, ``connected``, ``failed`` or ``closed``."""
        return self._connection.connectionState

    async def offer(self) -> str:
        """The offer, complete with candidates."""
        if self._on_loopback:
            gather_loopback_too(self._connection)
        await self._connection.setLocalDescription(await self._connection.createOffer())
        offer: str = self._connection.localDescription.sdp
        return agreeing(offer, free_id(offer))

    async def take_answer(self, sdp: str) -> None:
        """Take the answer to :meth:`offer`.

        :raises BotError: when it cannot be used.
        """
        await self._take(RTCSessionDescription(sdp, "answer"))
        self._tell_arrivals(agreed_id(sdp))

    async def answer(self, sdp: str) -> str:
        """Take an offer; the answer is complete with candidates.

        :raises BotError: when the offer cannot be used.
        """
        await self._take(RTCSessionDescription(sdp, "offer"))
        if self._on_loopback:
            gather_loopback_too(self._connection)
        extension_id = agreed_id(sdp)
        self._tell_arrivals(extension_id)
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        answer: str = self._connection.localDescription.sdp
        return answer if extension_id is None else agreeing(answer, extension_id)

    async def add_candidate(self, candidate: Candidate | None) -> None:
        """Take a trickled candidate; one that cannot be used is left out, as browsers do."""
        if candidate is None or not candidate.candidate:
            return
        try:
            parsed = candidate_from_sdp(candidate.candidate.removeprefix("candidate:"))
            parsed.sdpMid = candidate.sdp_mid
            parsed.sdpMLineIndex = candidate.sdp_m_line_index
            await self._connection.addIceCandidate(parsed)
        except _UNUSABLE as error:
            _log.debug("candidate_ignored", reason=type(error).__name__)

    async def close(self) -> None:
        """Close the connection; returns when nothing of it is left."""
        await self._connection.close()
        for track in self._tracks:
            track.stop()
        for receiver in self._connection.getReceivers():
            if receiver.track is not None:
                receiver.track.stop()
        tasks = [*self._readers, *([self._teller] if self._teller is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _add_tracks(self) -> None:
        for kind in ("audio", "video"):
            track = next((track for track in self._tracks if track.kind == kind), None)
            if track is not None:
                self._connection.addTrack(track)
            else:
                self._connection.addTransceiver(kind, direction="recvonly")

    async def _take(self, description: RTCSessionDescription) -> None:
        try:
            await self._connection.setRemoteDescription(description)
        except _UNUSABLE as error:
            raise BotError(f"unusable {description.type}: {error}") from error

    # receiving

    def _tell_arrivals(self, extension_id: int | None) -> None:
        """Tell of what comes, from now on, if it carries numbers under this id."""
        if extension_id is None or self._teller is not None:
            return
        arrivals, came = Arrivals(extension_id), asyncio.Event()

        def note(packet: bytes, socket_number: int) -> None:
            if arrivals.note(packet, time.monotonic() - age_s(socket_number)):
                came.set()

        async def tell() -> None:
            while True:
                await came.wait()
                came.clear()
                await asyncio.sleep(INTERVAL_S)
                await send_rtcp(self._connection, arrivals.feedback())

        overhear_rtp(self._connection, note)
        name = f"bot-{self._report.number}-arrivals"
        self._teller = asyncio.get_running_loop().create_task(tell(), name=name)
        self._teller.add_done_callback(_log_crash)

    def _on_track(self, track: MediaStreamTrack) -> None:
        read = self._look if track.kind == "video" else self._listen
        name = f"bot-{self._report.number}-{track.kind}"
        reader = asyncio.get_running_loop().create_task(_until_end(read(track)), name=name)
        self._readers.add(reader)
        reader.add_done_callback(_log_crash)

    async def _look(self, track: MediaStreamTrack) -> None:
        while True:
            frame = await track.recv()
            if isinstance(frame, VideoFrame):
                stamp = picture.read(picture.luma(frame))
                now_ms = time.time_ns() // 1_000_000
                self._report.see(stamp, now_ms, frame.width, frame.height)
                self._changed()

    async def _listen(self, track: MediaStreamTrack) -> None:
        heard: list[NDArray[np.int16]] = []
        while True:
            frame = await track.recv()
            if isinstance(frame, AudioFrame):
                heard.append(_first_channel(frame))
                if len(heard) == _SOUND_FRAMES:
                    self._report.sound = tone.read(np.concatenate(heard), frame.sample_rate)
                    heard.clear()
                self._report.audio_frames += 1
                self._changed()


async def _until_end(read: Any) -> None:
    try:
        await read
    except MediaStreamError:
        return


def _log_crash(reader: asyncio.Task[None]) -> None:
    if not reader.cancelled() and (error := reader.exception()) is not None:
        _log.error("bot_reader_crashed", task=reader.get_name(), exc_info=error)


def _first_channel(frame: AudioFrame) -> NDArray[np.int16]:
    samples = frame.to_ndarray().astype(np.int16, copy=False).ravel()
    return samples[:: frame.layout.nb_channels]


def _ice_server(server: dict[str, Any]) -> RTCIceServer:
    return RTCIceServer(
        urls=server["urls"], username=server.get("username"), credential=server.get("credential")
    )
