"""Print, for a shell to evaluate, what pip has been told about where packages come from: for it, and for uv.

pip reads files and PIP_*, uv neither. What is kept says where packages come from, how to get there and which
versions are allowed. The rest (user, target, prefix, no-binary ...) would put other things, or put them
elsewhere: it is left out, for both. ``fast`` is empty where uv cannot do as pip is told.
"""

import os
import shlex

from pip._internal.configuration import Configuration

UV = {  # a setting of pip: the same for uv
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "constraint": "UV_CONSTRAINT",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "trusted-host": "UV_INSECURE_HOST",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "retries": "UV_HTTP_RETRIES",
}
# lists, and how uv separates their words
LISTS = {"extra-index-url": " ", "find-links": ",", "constraint": " ", "trusted-host": " "}
PIP_ALONE = ("no-index", "keyring-provider")
CACHES = ("cache-dir", "no-cache-dir")
UV_KEPT = ("CACHE_DIR", "CONCURRENT_", "HTTP_", "INDEX_", "KEYRING_", "LINK_MODE", "OFFLINE", "SYSTEM_CERTS")
SECTIONS = ("global", "install", ":env:")  # the later ones win


def told() -> dict[str, str]:
    """What pip's files and variables say about an installation, as pip puts them together.

    `pip config list` would do, but for a setting `user` or `quiet`, which it obeys itself.
    """
    configuration = Configuration(isolated=False)
    configuration.load()
    found: list[tuple[str, str, str]] = []
    for key, value in configuration.items():
        # newer versions keep the files apart
        for full, text in value.items() if isinstance(value, dict) else [(key, value)]:
            section, _, name = full.partition(".")
            found.append((section, name, text))
    known = [one for one in found if one[0] in SECTIONS]
    return {name: text for _, name, text in sorted(known, key=lambda one: SECTIONS.index(one[0]))}


def main() -> None:
    """Print the lines."""
    kept = {n: v for n, v in told().items() if n in UV or n in PIP_ALONE or n in CACHES}
    changed = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in kept.items()}
    changed |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for name in UV.keys() & kept.keys():
        value = kept[name]
        changed[UV[name]] = LISTS[name].join(value.split()) if name in LISTS else value
    # what uv is told by its own variables comes first
    changed |= {n: os.environ[n] for n in UV.values() if n.startswith("UV_") and n in os.environ}
    # pip looks for the best version in all indexes; that hashes are compared makes it safe
    changed |= {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_PYTHON_DOWNLOADS": "never"}
    if "SSL_CERT_FILE" not in changed | dict(os.environ):
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        changed |= {"SSL_CERT_FILE": bundle} if bundle else {"UV_SYSTEM_CERTS": "1"}
    foreign = {name for name in os.environ if name.startswith(("PIP_", "UV_"))} - changed.keys()
    foreign -= {name for name in foreign if name.startswith("UV_") and name[3:].startswith(UV_KEPT)}
    print("\n".join(f"unset {name}" for name in sorted(foreign) if name.isidentifier()))
    print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in changed.items()))
    print("fast=" if kept.keys() & set(PIP_ALONE) else "fast=yes")


if __name__ == "__main__":
    main()
