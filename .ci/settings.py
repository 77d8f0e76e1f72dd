"""Print, for a shell to evaluate, what the caller has told pip about where packages come from: for pip, and for uv.

pip reads files and PIP_*, uv neither. What is kept says where packages come from, how to get there and which
versions are allowed. The rest (user, target, prefix, no-binary ...) would put other things, or put them elsewhere:
it is left out, for both. ``fast`` is empty where uv cannot do as pip is told.
"""

import ast
import os
import re
import shlex
import subprocess
import sys

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
PIP_ALONE = ("no-index", "keyring-provider")
CACHES = ("cache-dir", "no-cache-dir")
KEPT_UV = (
    "UV_CACHE_DIR",
    "UV_CONCURRENT_",
    "UV_HTTP_",
    "UV_KEYRING_",
    "UV_LINK_MODE",
    "UV_OFFLINE",
    "UV_SYSTEM_CERTS",
)
SECTIONS = ("global", "install", ":env:")  # the later ones win


def told() -> dict[str, str]:
    """What pip's files and variables say about an installation, as pip puts them together."""
    command = [sys.executable, "-I", "-m", "pip", "config", "list", "-vvv"]  # a setting may make pip quiet
    listing = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = re.findall(r"^(global|install|:env:)\.([\w-]+)=(['\"].*)$", listing, re.MULTILINE)
    found.sort(key=lambda item: SECTIONS.index(item[0]))
    return {name: ast.literal_eval(value) for _, name, value in found}


def main() -> None:
    """Print the lines."""
    given = told()
    kept = {name: value for name, value in given.items() if name in (*UV, *PIP_ALONE, *CACHES)}
    changed = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in kept.items()}
    changed |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    # pip looks for the best version in all indexes; that the hash is right makes it safe
    changed |= {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_PYTHON_DOWNLOADS": "never"}
    for name, value in kept.items():
        words = (
            value.split()
            if name in ("find-links", "extra-index-url", "constraint", "trusted-host")
            else [value]
        )
        if name in UV:
            changed[UV[name]] = ("," if name == "find-links" else " ").join(words)
    changed |= {
        name: os.environ[name] for name in set(UV.values()) & set(os.environ) if name.startswith("UV_")
    }
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if bundle and "SSL_CERT_FILE" not in changed | dict(os.environ):
        changed["SSL_CERT_FILE"] = bundle
    if "SSL_CERT_FILE" not in changed | dict(os.environ):
        changed["UV_SYSTEM_CERTS"] = "1"
    foreign = [
        n
        for n in os.environ
        if n.startswith(("PIP_", "UV_")) and n not in changed and not n.startswith(KEPT_UV)
    ]
    print("\n".join(f"unset {name}" for name in foreign if name.isidentifier()))
    print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in changed.items()))
    print("fast=" if any(name in PIP_ALONE for name in kept) else "fast=yes")


if __name__ == "__main__":
    main()
