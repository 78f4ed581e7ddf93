# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, started three ways (README): ``blender --command csm``, ``scripts/csm.py``, ``python -m csm_blender``."""
