# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's version. ``blender_manifest.toml`` says the same; a test compares them."""

VERSION = "1.1.0"
USER_AGENT = f"csm_blender/{VERSION}"
