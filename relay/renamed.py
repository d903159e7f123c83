"""Settings that have another name since the release before: the former one is read for one more."""

from relay.errors import ConfigError

FORMER: dict[str, str] = {}
"""The present name by the former one, as ``{"udp_port": "media_port"}``: of flag, variable and key.

Each release begins with none: what stands here was told during the one before.
"""


def settle(given: dict[str, object], names: dict[str, str]) -> None:
    """Have what was given by a former name by the present one.

    :param given: values by the settings' names.
    :param names: how each of these was written; that stays.
    :raises ConfigError: when one was given by both.
    """
    for former in FORMER.keys() & given.keys():
        present = FORMER[former]
        if present in given:
            raise ConfigError(
                f"{names[former]}: is the former name of {names[present]}, which is given, too:"
                " leave the former one out"
            )
        given[present], names[present] = given.pop(former), names.pop(former)
