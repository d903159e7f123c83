"""Offers as browsers write them, one audio and one video track each (names and keys invented)."""

CHROMIUM_FINGERPRINT = ":".join(f"{n:02X}" for n in range(0x10, 0x30))
FIREFOX_FINGERPRINT = ":".join(f"{n:02X}" for n in range(0xA0, 0xC0))


def _crlf(text: str) -> str:
    return text.strip().replace("\n", "\r\n") + "\r\n"


CHROMIUM = _crlf(
    f"""
v=0
o=- 4962303333179871722 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS 7c1e3f5a-stream
m=audio 56500 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 203.0.113.77
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1467250027 1 udp 2122260223 192.168.0.196 46243 typ host generation 0 network-id 1
a=candidate:435653019 1 tcp 1845501695 192.168.0.196 9 typ host tcptype active generation 0
a=candidate:1853887674 1 udp 1518280447 203.0.113.77 56500 typ srflx raddr 192.168.0.196 rport 46243
a=candidate:2 1 udp 2122194687 d4b2b6a5-6c1a-4f0e-9f3a-0d3ad0e6f1b7.local 50000 typ host
a=ice-ufrag:F7gI
a=ice-pwd:x9cml/YzichV2+XlhiMu8g
a=ice-options:trickle
a=fingerprint:sha-256 {CHROMIUM_FINGERPRINT}
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:7c1e3f5a-stream 0a1b-audio
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:1001 cname:4TOk42mSjXCkVIa6
a=ssrc:1001 msid:7c1e3f5a-stream 0a1b-audio
m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 107 108 39 40 98 99 100 101 45 46 123 124 125
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:F7gI
a=ice-pwd:x9cml/YzichV2+XlhiMu8g
a=ice-options:trickle
a=fingerprint:sha-256 {CHROMIUM_FINGERPRINT}
a=setup:actpass
a=mid:1
a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:13 urn:3gpp:video-orientation
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type
a=extmap:7 http://www.webrtc.org/experiments/rtp-hdrext/video-timing
a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/color-space
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
a=sendrecv
a=msid:7c1e3f5a-stream 0a1b-video
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=rtcp-fb:103 goog-remb
a=rtcp-fb:103 transport-cc
a=rtcp-fb:103 ccm fir
a=rtcp-fb:103 nack
a=rtcp-fb:103 nack pli
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f
a=rtpmap:104 rtx/90000
a=fmtp:104 apt=103
a=rtpmap:107 H264/90000
a=rtcp-fb:107 nack
a=rtcp-fb:107 nack pli
a=fmtp:107 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f
a=rtpmap:108 rtx/90000
a=fmtp:108 apt=107
a=rtpmap:39 H264/90000
a=fmtp:39 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=4d001f
a=rtpmap:40 rtx/90000
a=fmtp:40 apt=39
a=rtpmap:98 VP9/90000
a=rtcp-fb:98 goog-remb
a=rtcp-fb:98 transport-cc
a=rtcp-fb:98 ccm fir
a=rtcp-fb:98 nack
a=rtcp-fb:98 nack pli
a=fmtp:98 profile-id=0
a=rtpmap:99 rtx/90000
a=fmtp:99 apt=98
a=rtpmap:100 VP9/90000
a=fmtp:100 profile-id=2
a=rtpmap:101 rtx/90000
a=fmtp:101 apt=100
a=rtpmap:45 AV1/90000
a=rtcp-fb:45 transport-cc
a=fmtp:45 level-idx=5;profile=0;tier=0
a=rtpmap:46 rtx/90000
a=fmtp:46 apt=45
a=rtpmap:123 red/90000
a=rtpmap:124 rtx/90000
a=fmtp:124 apt=123
a=rtpmap:125 ulpfec/90000
a=ssrc-group:FID 2001 2002
a=ssrc:2001 cname:4TOk42mSjXCkVIa6
a=ssrc:2001 msid:7c1e3f5a-stream 0a1b-video
a=ssrc:2002 cname:4TOk42mSjXCkVIa6
a=ssrc:2002 msid:7c1e3f5a-stream 0a1b-video
"""
)

FIREFOX = _crlf(
    f"""
v=0
o=mozilla...THIS_IS_SDPARTA-99.0 7104372583102917611 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 {FIREFOX_FINGERPRINT}
a=group:BUNDLE 0 1
a=ice-options:trickle
a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 0.0.0.0
a=sendrecv
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=fmtp:101 0-15
a=ice-pwd:0123456789abcdef0123456789abcdef
a=ice-ufrag:be8d4d01
a=mid:0
a=msid:{{c2b1}} {{f7a9}}
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=rtpmap:9 G722/8000/1
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000/1
a=setup:actpass
a=ssrc:3735928559 cname:{{e30a}}
m=video 9 UDP/TLS/RTP/SAVPF 120 124 121 125 126 127 97 98 123 122 119
c=IN IP4 0.0.0.0
a=sendrecv
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:5 urn:ietf:params:rtp-hdrext:toffset
a=extmap:6/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:7 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1
a=fmtp:97 profile-level-id=42e01f;level-asymmetry-allowed=1
a=fmtp:120 max-fs=12288;max-fr=60
a=fmtp:124 apt=120
a=fmtp:121 max-fs=12288;max-fr=60
a=fmtp:125 apt=121
a=fmtp:127 apt=126
a=fmtp:98 apt=97
a=fmtp:119 apt=122
a=ice-pwd:0123456789abcdef0123456789abcdef
a=ice-ufrag:be8d4d01
a=mid:1
a=msid:{{c2b1}} {{aa31}}
a=rtcp-fb:120 nack
a=rtcp-fb:120 nack pli
a=rtcp-fb:120 ccm fir
a=rtcp-fb:120 goog-remb
a=rtcp-fb:120 transport-cc
a=rtcp-fb:121 nack
a=rtcp-fb:126 nack
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:120 VP8/90000
a=rtpmap:124 rtx/90000
a=rtpmap:121 VP9/90000
a=rtpmap:125 rtx/90000
a=rtpmap:126 H264/90000
a=rtpmap:127 rtx/90000
a=rtpmap:97 H264/90000
a=rtpmap:98 rtx/90000
a=rtpmap:123 ulpfec/90000
a=rtpmap:122 red/90000
a=rtpmap:119 rtx/90000
a=setup:actpass
a=ssrc:4021128450 cname:{{e30a}}
a=ssrc:909090 cname:{{e30a}}
a=ssrc-group:FID 4021128450 909090
"""
)

OUR_PAGE = CHROMIUM.replace("111 63 9", "63 111 9").replace(
    "a=rtcp-fb:111 transport-cc", "a=rtcp-fb:111 transport-cc\r\na=rtcp-fb:111 nack"
)
"""What our page makes of Chromium's: RED goes before Opus, which may be asked for again."""

DATA_SECTION = _crlf(
    """
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:F7gI
a=ice-pwd:x9cml/YzichV2+XlhiMu8g
a=fingerprint:sha-256 00:11
a=setup:actpass
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
"""
)


USUAL_CODECS = {"audio": ("opus/48000/2",), "video": ("VP8/90000", "rtx/90000")}
FIRST_PAYLOAD_TYPE = {"audio": 111, "video": 96}


def media_section(
    kind: str,
    mid: str,
    direction: str = "sendrecv",
    *more: str,
    port: int = 9,
    codecs: tuple[str, ...] | None = None,
    payload_type: int | None = None,
    ufrag: str = "F7gI",
    fingerprint: str = CHROMIUM_FINGERPRINT,
) -> str:
    """A section with little in it.

    Its codecs are numbered from ``payload_type`` on; an RTX repairs the one before it. Of what
    belongs to the transport, and of the mid, nothing is said that is empty.
    """
    first = FIRST_PAYLOAD_TYPE[kind] if payload_type is None else payload_type
    numbered = list(enumerate(USUAL_CODECS[kind] if codecs is None else codecs, first))
    lines = [
        f"m={kind} {port} UDP/TLS/RTP/SAVPF {' '.join(str(number) for number, _ in numbered)}",
        "c=IN IP4 0.0.0.0",
        f"a={direction}",
        "a=rtcp-mux",
        *([f"a=mid:{mid}"] if mid else []),
        *([f"a=ice-ufrag:{ufrag}", "a=ice-pwd:x9cml/YzichV2+XlhiMu8g"] if ufrag else []),
        *([f"a=fingerprint:sha-256 {fingerprint}", "a=setup:actpass"] if fingerprint else []),
        *(f"a=rtpmap:{number} {codec}" for number, codec in numbered),
        *(f"a=fmtp:{number} apt={number - 1}" for number, c in numbered if c.startswith("rtx")),
        *more,
    ]
    return "\r\n".join(lines) + "\r\n"


def offer_of(*sections: str, bundle: str | None = None, more: str = "") -> str:
    """An offer of such sections, in one BUNDLE by default; ``bundle`` is what stands there."""
    mids = [line[6:] for s in sections for line in s.split("\r\n") if line.startswith("a=mid:")]
    group = " ".join(mids) if bundle is None else bundle
    head = "v=0\r\no=- 20518 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    return head + (f"a=group:BUNDLE {group}\r\n" if group else "") + more + "".join(sections)


SOUND, PICTURE = media_section("audio", "0"), media_section("video", "1")
RECEIVES_FIRST = offer_of(
    media_section("audio", "0", "recvonly"),
    media_section("video", "1", "recvonly"),
    media_section("audio", "2", "sendonly"),
    media_section("video", "3", "sendonly"),
)
SCREEN_FIRST = offer_of(
    SOUND, media_section("video", "1", "sendrecv", "a=content:slides"), media_section("video", "2")
)
STOPPED = offer_of(SOUND, media_section("video", "1", "inactive", port=0), bundle="0")
WITHOUT_VP8 = offer_of(SOUND, media_section("video", "1", codecs=("H264/90000", "rtx/90000")))
UNBUNDLED = offer_of(
    media_section("video", "video0", ufrag="pict"),
    media_section("audio", "audio1", ufrag="soun"),
    bundle="",
)
OLD = offer_of(
    media_section("audio", ""), media_section("video", "", ufrag="pict"), bundle=""
)  # before mids
BESIDE_DATA = offer_of(SOUND, PICTURE, bundle="2 0 1") + DATA_SECTION
MANY = offer_of(SOUND, PICTURE, *(media_section("video", f"v{n}", "inactive") for n in range(62)))
ONE_NUMBER_FOR_BOTH = offer_of(media_section("audio", "0", payload_type=96), PICTURE)
OFFERS = {
    "chromium": CHROMIUM,
    "firefox": FIREFOX,
    "sound": offer_of(SOUND),
    "picture": offer_of(PICTURE),
    "receives first": RECEIVES_FIRST,
    "screen first": SCREEN_FIRST,
    "stopped": STOPPED,
    "without VP8": WITHOUT_VP8,
    "unbundled": UNBUNDLED,
    "old": OLD,
    "beside data": BESIDE_DATA,
    "many": MANY,
    "one number for both": ONE_NUMBER_FOR_BOTH,
}


def without(sdp: str, *starts: str) -> str:
    """The SDP without the lines that start so."""
    lines = sdp.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(starts))


def section(sdp: str, kind: str) -> str:
    """One m= section's text."""
    return next(f"m={part}" for part in ("\n" + sdp).split("\nm=")[1:] if part.startswith(kind))


def bundle_only(sdp: str) -> str:
    """What ``bundlePolicy: "max-bundle"`` makes of an offer.

    Its second section has port 0 and a=bundle-only, and leaves what belongs to the transport to the
    first (RFC 8829 section 5.2.1).
    """
    video = section(sdp, "video")
    bare = without(video, "a=ice-", "a=fingerprint", "a=setup", "a=rtcp:", "a=rtcp-mux")
    return sdp.replace(
        video, bare.replace("video 9", "video 0").replace("a=mid:1", "a=mid:1\r\na=bundle-only")
    )
