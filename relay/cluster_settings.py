"""The settings of a server that is one of several: a node of a cluster."""

from typing import Annotated

from pydantic import AfterValidator, SecretStr

from relay import values
from relay.setting import Part, setting


class ClusterSettings(Part):
    """A part of :class:`relay.config.Settings`, which adds the rest and reads them."""

    cluster: Annotated[SecretStr, AfterValidator(values.store)] | None = setting(
        None,
        "URL",
        "Redis server at which this server meets the others of its cluster, such as"
        " redis://redis.example.org:6379/0; rediss:// is over TLS, and unix:// a socket. Without it"
        " the server is alone.",
    )
    cluster_secret: Annotated[SecretStr, AfterValidator(values.cluster_secret)] | None = setting(
        None,
        "SECRET",
        "What all servers of the cluster share and nobody else knows, at least 16 characters:"
        " without it nobody can speak to them.",
    )
    cluster_port: int = setting(
        7900,
        "PORT",
        "Port for the other servers of the cluster alone: TCP, and UDP from here on, one for each"
        " worker.",
        ge=1,
        le=65535,
    )
    cluster_address: Annotated[str, AfterValidator(values.reached)] | None = setting(
        None,
        "ADDRESS",
        "IP address of this machine at which they reach it; by default the one from which it"
        " reaches Redis.",
    )
    node_name: Annotated[str, AfterValidator(values.node_name)] | None = setting(
        None,
        "NAME",
        "What this server is called in its cluster, where no other is called the same: up to 32 of"
        " a-z, 0-9 and -; by default the first part of the host's name.",
    )
