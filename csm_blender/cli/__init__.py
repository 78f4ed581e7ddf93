# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: ``blender --command csm``, ``scripts/csm.py`` and ``python -m csm_blender`` (README)."""
