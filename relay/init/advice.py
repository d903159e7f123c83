"""What is to be typed after the files are written. Decisions only."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from relay.doctor.findings import Finding, bad
from relay.init.answers import Answers, Certificate, Under

MEDIA_PORT = 7882
TCP_MEDIA_PORT = 7443
_HIDDEN = ("/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/")  # noqa: S108
"""What the unit cannot see: ``ProtectHome`` and ``PrivateTmp``, systemd.exec(5)."""
_USER = {Under.SYSTEMD: "relay", Under.COMPOSE: "10001"}


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do."""

    why: str
    commands: tuple[str, ...]


def ports(answers: Answers) -> list[tuple[str, int]]:
    """Those that have to be open to everybody; a proxy's own are its matter."""
    behind_proxy = answers.certificate is Certificate.PROXY
    return [("tcp", TCP_MEDIA_PORT if behind_proxy else answers.port), ("udp", MEDIA_PORT)]


def unseen(answers: Answers, *paths: str) -> Iterator[Finding]:
    """Whether the unit would find the program.

    :param paths: where it is, and where its Python is.
    """
    if answers.under is not Under.SYSTEMD:
        return
    for path in paths:
        if path.startswith(_HIDDEN):
            text = f"{path} is in a folder that the service cannot see"
            advice = "install it elsewhere and run that one: python3 -m venv /opt/relay"
            yield bad("program", text, advice)
            return


def steps(answers: Answers, *, has_files: bool, checkout: Path | None) -> Iterator[Step]:
    """What is left to do, in order.

    :param has_files: whether the certificate is where it was said to be.
    :param checkout: where the image can be built, if that is known.
    """
    opened = ports(answers)
    nft = (f"nft add rule inet filter input {kind} dport {port} accept" for kind, port in opened)
    yield Step("open the firewall, with nft", tuple(nft))
    ufw = (f"ufw allow {port}/{kind}" for kind, port in opened)
    yield Step("or with ufw", tuple(ufw))
    if answers.certificate is Certificate.FILES and not has_files:
        command = f"certbot certonly --standalone --domain {answers.domain}"
        yield Step("get the certificate (port 80 has to be open for that)", (command,))
    if answers.under is Under.SYSTEMD:
        yield Step("make the server's user", ("systemd-sysusers",))
    if answers.is_to_be_installed:
        yield Step(
            "let the server read the certificate, now and after each renewal"
            " (certbot's --deploy-hook, lego's --renew-hook)",
            (_install(answers),),
        )
    elif answers.certificate is Certificate.FILES:
        command = f"chown {_USER[answers.under]} {answers.tls_cert} {answers.tls_key}"
        yield Step("let the server read the certificate, now and after each renewal", (command,))
    if answers.certificate is Certificate.PROXY:
        yield Step(
            "have the proxy pass everything on; this is all of a Caddyfile, and"
            " docs/proxies.md has nginx' configuration",
            (f"{answers.domain} {{ reverse_proxy 127.0.0.1:{answers.port} }}",),
        )
    yield from _start(answers, checkout)
    yield Step("then see from another machine whether it can be reached", (_check(answers),))


def _install(answers: Answers) -> str:
    cert, key = answers.installed
    owner = f"install -D -o {_USER[answers.under]} -m 400"
    return f"{owner} {answers.tls_cert} {cert} && {owner} {answers.tls_key} {key}"


def _start(answers: Answers, checkout: Path | None) -> Iterator[Step]:
    if answers.under is Under.SYSTEMD:
        command = "systemctl daemon-reload && systemctl enable --now relay.socket relay.service"
        yield Step("start it", (command,))
        return
    build = "docker build --tag relay --file scripts/deploy/Containerfile"
    where = str(checkout) if checkout else "."
    told = "build the image" if checkout else "build the image, in a checkout"
    yield Step(told, (f"{build.replace('scripts', f'{where}/scripts')} {where}",))
    yield Step("start it, in the folder with compose.yaml", ("docker compose up --detach",))


def _check(answers: Answers) -> str:
    url = f"https://{answers.domain}"
    if answers.certificate is Certificate.SELF_SIGNED:
        return f"relay check {url} --fingerprint ...   # its log has it"
    return f"relay check {url}"
