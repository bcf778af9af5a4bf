"""The settings of a Radicale plugin: from the `tldops.toml` that its configuration names."""

import os
from pathlib import Path

from radicale import config

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.settings import Settings
from radicale_tldops.settings.file import ENVIRONMENT, load

OPTION = "tldops_config"
"""The option of [auth], [rights] and [storage] in Radicale's own configuration that names `tldops.toml`."""


def plugin_settings(configuration: config.Configuration, section: str) -> Settings:
    """Return the settings for the plugin of a section of Radicale's configuration.

    Raises:
        SettingsError: neither the option nor the environment names a file, or the file is wrong.
    """
    options = configuration.copy({section: {OPTION: {"value": "", "help": "path of tldops.toml", "type": str}}})
    path = options.get(section, OPTION) or os.environ.get(ENVIRONMENT, "")
    if not path:
        raise SettingsError(
            f"set {OPTION} = /path/to/tldops.toml in the section [{section}] of Radicale's configuration"
        )
    return load(Path(path))
